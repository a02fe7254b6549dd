"""A form that a phone threw away and fetched again, sent with the same answers, is one request."""

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
    with time_machine.travel(timezone.now(), tick=False) as clock:
        patient.sends()
        clock.shift(timedelta(hours=25))
        patient.sends()
    assert ConsultationRequest.objects.count() == 2


def test_who_withdrew_and_sends_the_same_again_is_a_new_request(patient: Patient) -> None:
    patient.client.post(f"{patient.sends()}withdraw/")
    page = patient.opens(patient.sends())
    withdrawn, new = ConsultationRequest.objects.order_by("pk")
    assert (withdrawn.status, new.status) == (Status.WITHDRAWN, Status.NEW)
    assert new.reference in page.one("main").text
    assert "We have your request" in page.one("h1").text


@pytest.mark.parametrize("status", Status)
def test_only_what_is_not_closed_takes_the_same_answers_in(status: Status) -> None:
    first = submission.submit(from_her_browser())
    ConsultationRequest.objects.filter(pk=first.pk).update(status=status)
    again = submission.submit(from_her_browser())
    assert (again != first) == (status in workflow.CLOSED)


def test_of_one_that_was_opened_again_and_the_one_after_it_the_newer_is_the_twin() -> None:
    first = submission.submit(from_her_browser())
    actions.withdraw(first)
    second = submission.submit(from_her_browser())
    ConsultationRequest.objects.filter(pk=first.pk).update(status=Status.CONTACTING)
    assert submission.submit(from_her_browser()) == second


def from_her_browser() -> submission.Submission:
    """The same answers each time, in a form of its own."""
    return replace(a_submission(), browser="hers")
