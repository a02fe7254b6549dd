"""A form fetched again and sent with the same answers by the same browser is one request."""

from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from consultations import workflow
from consultations.intake import submission
from consultations.models import ConsultationRequest, Note, PrivacyNotice, PrivateLink
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.factories import a_submission

pytestmark = pytest.mark.django_db


def test_the_same_answers_from_the_same_browser_are_one_request_with_two_addresses(patient: Patient) -> None:
    first, second = patient.sends(), patient.sends(phone="+92 301 2345678")
    request = ConsultationRequest.objects.get()
    assert first != second
    assert PrivateLink.objects.filter(request=request).count() == 2
    for address in (first, second):
        assert request.reference in patient.opens(address).one("main").text
    assert not Note.objects.exists()


def test_duplicate_sent_again_is_still_the_same_request(patient: Patient) -> None:
    patient.sends()
    patient.answers()
    sent = patient.page.hidden_fields() | {"send": "yes"}
    addresses = {patient.client.post(patient.address, sent)["Location"] for _ in range(3)}
    assert len(addresses) == 1
    assert ConsultationRequest.objects.count() == 1
    assert PrivateLink.objects.count() == 2


def test_one_other_answer_is_another_request(patient: Patient) -> None:
    patient.sends()
    others = ({"patient_name": "Fatima"}, {"patient_age": "8"}, {"message": ""}, {"days": ["1"]})
    for number, changes in enumerate(others, start=2):
        patient.sends(**changes)
        assert ConsultationRequest.objects.count() == number


def test_same_answers_from_another_browser_are_another_request(
    patient: Patient, notice: PrivacyNotice
) -> None:
    patient.sends()
    address = Patient(Client()).sends()
    assert ConsultationRequest.objects.count() == 2
    newest = ConsultationRequest.objects.order_by("pk").last()
    assert newest and newest.reference in patient.opens(address).one("main").text


def test_a_day_later_it_is_another_request(patient: Patient) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        patient.sends()
        clock.shift(timedelta(hours=25))
        patient.sends()
    assert ConsultationRequest.objects.count() == 2


def test_same_answers_after_withdrawal_are_a_new_request(patient: Patient) -> None:
    patient.client.post(f"{patient.sends()}withdraw/")
    page = patient.opens(patient.sends())
    withdrawn, new = ConsultationRequest.objects.order_by("pk")
    assert (withdrawn.status, new.status) == (Status.WITHDRAWN, Status.NEW)
    assert new.reference in page.one("main").text
    assert "We have your request" in page.one("h1").text


def test_only_a_request_that_is_not_closed_is_a_duplicate() -> None:
    first = submission.submit(from_her_browser())
    for status in Status:
        ConsultationRequest.objects.exclude(pk=first.pk).update(status=Status.WITHDRAWN)
        ConsultationRequest.objects.filter(pk=first.pk).update(
            status=status, duplicate_fingerprint=from_her_browser().duplicate_fingerprint
        )
        again = submission.submit(from_her_browser())
        assert (again != first) == (status in workflow.CLOSED), status
        ConsultationRequest.objects.exclude(pk=first.pk).update(duplicate_fingerprint="")


def test_duplicate_check_uses_newest_open_request() -> None:
    first = submission.submit(from_her_browser())
    actions.withdraw(first)
    second = submission.submit(from_her_browser())
    ConsultationRequest.objects.filter(pk=first.pk).update(status=Status.CONTACTING)
    assert submission.submit(from_her_browser()) == second


def from_her_browser() -> submission.Submission:
    """The same answers each time, in a form of its own."""
    return replace(a_submission(), browser="hers")
