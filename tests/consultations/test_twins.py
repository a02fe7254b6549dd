"""A form that a phone threw away and fetched again, sent with the same answers, is one request."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client

from consultations.models import ConsultationRequest, Note, PrivacyNotice, PrivateLink
from tests.consultations.conftest import Patient

pytestmark = pytest.mark.django_db


def test_the_same_answers_from_the_same_browser_are_one_request_with_two_addresses(patient: Patient) -> None:
    first, second = patient.sends(), patient.sends(phone="+92 301 2345678")
    request = ConsultationRequest.objects.get()
    assert first != second
    assert PrivateLink.objects.filter(request=request).count() == 2
    for address in (first, second):
        assert request.reference in patient.opens(address).one("main").text
    assert not Note.objects.exists()


def test_a_twin_that_is_sent_again_is_still_the_same_request(patient: Patient) -> None:
    patient.sends()
    patient.answers()
    sent = patient.page.hidden_fields() | {"send": "yes"}
    addresses = {patient.client.post(patient.address, sent)["Location"] for _ in range(3)}
    assert len(addresses) == 1
    assert ConsultationRequest.objects.count() == 1
    assert PrivateLink.objects.count() == 2


@pytest.mark.parametrize(
    "changes", [{"patient_name": "Fatima"}, {"patient_age": "8"}, {"message": ""}, {"days": ["1"]}]
)
def test_one_other_answer_is_another_request(patient: Patient, changes: dict[str, object]) -> None:
    patient.sends()
    patient.sends(**changes)
    assert ConsultationRequest.objects.count() == 2


def test_another_browser_that_knows_every_answer_is_let_in_nowhere(
    patient: Patient, notice: PrivacyNotice
) -> None:
    patient.sends()
    address = Patient(Client()).sends()
    assert ConsultationRequest.objects.count() == 2
    newest = ConsultationRequest.objects.order_by("pk").last()
    assert newest and newest.reference in patient.opens(address).one("main").text


def test_a_day_later_it_is_another_request(patient: Patient) -> None:
    with time_machine.travel("2026-11-23T05:00:00Z", tick=False) as clock:
        patient.sends()
        clock.shift(timedelta(hours=25))
        patient.sends()
    assert ConsultationRequest.objects.count() == 2
