"""Suspected spam is quarantined, not dropped; above the limits patients are asked to call."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.models import RateLimitCounter
from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import views
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import FORM, Patient, stored_request
from tests.factories import form_data

pytestmark = pytest.mark.django_db


def few(monkeypatch: pytest.MonkeyPatch, name: str, attempts: int) -> None:
    limit: Limit = getattr(views, name)
    monkeypatch.setattr(views, name, Limit(limit.scope, attempts, limit.period))


def everything(**changes: Any) -> dict[str, Any]:
    """Return what a browser sends at the end, with a key of its own."""
    notice = PrivacyNotice.objects.latest("pk")
    fixed = {"key": SubmissionKey.new().for_form(), "notice": str(notice.pk), "send": "yes"}
    return form_data() | fixed | changes


def test_filled_trap_is_quarantined_without_a_hint(patient: Patient) -> None:
    address = patient.sends(website="https://pills.example")
    request = stored_request()
    assert request.status == Status.QUARANTINED
    assert request.events.get().detail == {"suspicions": ["trap"]}
    page = patient.opens(address)
    assert request.reference in patient.text
    assert "We have your request" in page.one("h1").text
    assert not OutgoingMessage.objects.exists()


def test_only_a_submission_within_seconds_is_too_fast(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consultations.intake.request_form.MIN_FILLING_TIME", timedelta(seconds=3))

    def status() -> str:
        assert patient.response.status_code == 303
        return ConsultationRequest.objects.latest("pk").status

    with time_machine.travel(timezone.now(), tick=False) as clock:
        for filled_in, expected in [
            (timedelta(seconds=2), Status.QUARANTINED),
            (timedelta(seconds=4), Status.NEW),
            (timedelta(days=9), Status.NEW),
            (-timedelta(seconds=1), Status.NEW),  # the clock was set back meanwhile
            (-timedelta(days=1), Status.NEW),
        ]:
            sent = everything()
            clock.shift(filled_in)
            patient.posts(sent)
            assert status() == expected, filled_in
        # A form whose key was replaced was not made just now.
        for pressed in ("send", "continue"):
            hidden = patient.opens().hidden_fields() | {"key": "from before the secret changed"}
            patient.posts(hidden | form_data(patient_name=f"Pressed {pressed}") | {pressed: "yes"})
            patient.presses("send")
            assert status() == Status.NEW, pressed


@pytest.mark.parametrize(
    ("limit", "when"), [("REQUESTS_PER_ADDRESS", "in an hour"), ("REQUESTS_PER_PHONE", "in 24 hours")]
)
def test_limited_patient_is_asked_to_call_and_keeps_the_answers(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, limit: str, when: str
) -> None:
    ClinicProfile.objects.create(name="A Clinic", phone="042 0000 0000")
    few(monkeypatch, limit, 1)
    patient.answers()
    first = patient.response
    patient.confirms()
    patient.answers(patient_age="8")
    page = patient.presses("send")
    assert patient.response.status_code == 429
    assert "Your request is not sent yet" in page.by_class("error-summary")[0].text
    assert f"again {when}." in page.by_class("error-summary")[0].text
    assert page.all("a", href="tel:+924200000000")
    assert page.hidden_fields().items() >= {"patient_name": "علی خان", "phone": "0301 2345678"}.items()
    patient.response = first
    patient.confirms()  # the form that was sent already is never limited
    assert ConsultationRequest.objects.count() == 1


def test_each_address_and_phone_has_its_own_limit_and_neither_is_stored(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "REQUESTS_PER_ADDRESS", 2)
    few(monkeypatch, "REQUESTS_PER_PHONE", 1)
    others = {"phone": "0321 9876543"}
    for address, changes, status in [
        ("203.0.113.1", {}, 303),
        *[("203.0.113.1", {}, 429)] * 3,
        ("203.0.113.2", {}, 429),
        ("203.0.113.1", others, 303),  # the refused ones did not use up the limit of the network
        ("203.0.113.1", {"phone": "0321 9876544"}, 429),
        ("203.0.113.2", {"phone": "0321 9876545"}, 303),
    ]:
        response = client.post(FORM, everything(**changes), REMOTE_ADDR=address)
        assert response.status_code == status, (address, changes)
    kept = [f"{attempt.scope} {attempt.subject}" for attempt in RateLimitCounter.objects.all()]
    assert len(kept) == 6
    assert not [row for row in kept if "203.0" in row or "2345678" in row]
