"""Suspected spam is quarantined, not dropped; above the limits patients are asked to call."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic_site.core.models import RateLimitCounter
from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import views
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.factories import form_data

pytestmark = pytest.mark.django_db

FORM = "/consultation/request/"


def few(monkeypatch: pytest.MonkeyPatch, name: str, attempts: int) -> None:
    limit: Limit = getattr(views, name)
    monkeypatch.setattr(views, name, Limit(limit.scope, attempts, limit.period))


def everything_of(notice: PrivacyNotice, **changes: Any) -> dict[str, Any]:
    """What a browser sends at the end, with a key of its own."""
    fixed = {"key": SubmissionKey.new().for_form(), "notice": str(notice.pk), "send": "yes"}
    return form_data() | fixed | changes


def test_filled_trap_is_quarantined_without_a_hint(patient: Patient) -> None:
    address = patient.sends(website="https://pills.example")
    request = ConsultationRequest.objects.get()
    assert request.status == Status.QUARANTINED
    assert request.events.get().detail == {"suspicions": ["trap"]}
    page = patient.opens(address)
    assert request.reference in page.one("main").text
    assert "We have your request" in page.one("h1").text
    assert not OutgoingMessage.objects.exists()


def test_too_fast_submission_is_quarantined(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consultations.intake.request_form.MIN_FILLING_TIME", timedelta(seconds=3))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fast, person = everything_of(notice), everything_of(notice)
        clock.shift(2)
        assert client.post(FORM, fast).status_code == 303
        clock.shift(2)
        assert client.post(FORM, person).status_code == 303
    statuses = ConsultationRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Status.QUARANTINED, Status.NEW]


@pytest.mark.parametrize("pressed", ["send", "continue"])
def test_replaced_key_is_not_too_fast(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, pressed: str
) -> None:
    monkeypatch.setattr("consultations.intake.request_form.MIN_FILLING_TIME", timedelta(seconds=3))
    hidden = patient.opens().hidden_fields() | {"key": "from before the secret changed"}
    patient.posts(hidden | form_data() | {pressed: "yes"})
    patient.presses("send")
    assert patient.response.status_code == 303
    assert ConsultationRequest.objects.get().status == Status.NEW


def test_form_open_for_days_is_not_spam(client: Client, notice: PrivacyNotice) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sent = everything_of(notice)
        clock.shift(timedelta(days=9))
        client.post(FORM, sent)
    assert ConsultationRequest.objects.get().status == Status.NEW


@pytest.mark.parametrize(
    ("limit", "when"), [("REQUESTS_PER_ADDRESS", "in an hour"), ("REQUESTS_PER_PHONE", "in 24 hours")]
)
def test_limited_patient_is_asked_to_call_and_keeps_the_answers(
    client: Client,
    notice: PrivacyNotice,
    sample_site: None,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    when: str,
) -> None:
    few(monkeypatch, limit, 2)
    patient = Patient(client)
    for age in ("1", "2"):
        patient.sends(patient_age=age)
    patient.answers()
    page = patient.presses("send")
    assert patient.response.status_code == 429
    assert "Your request is not sent yet" in page.by_class("error-summary")[0].text
    assert f"again {when}." in page.by_class("error-summary")[0].text
    assert page.all("a", href="tel:+924200000000")
    assert page.hidden_fields().items() >= {"patient_name": "علی خان", "phone": "0301 2345678"}.items()
    assert ConsultationRequest.objects.count() == 2


def test_sending_the_same_form_again_is_never_limited(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "REQUESTS_PER_ADDRESS", 1)
    sent = everything_of(notice)
    assert {client.post(FORM, sent).status_code for _ in range(4)} == {303}
    assert client.post(FORM, everything_of(notice)).status_code == 429


def test_each_address_and_phone_has_its_own_limit(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "REQUESTS_PER_ADDRESS", 1)
    few(monkeypatch, "REQUESTS_PER_PHONE", 1)
    assert client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.1").status_code == 303
    assert client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.2").status_code == 429
    other = everything_of(notice, phone="0321 9876543")
    assert client.post(FORM, other, REMOTE_ADDR="203.0.113.3").status_code == 303


def test_phone_limit_does_not_use_up_the_network_limit(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "REQUESTS_PER_ADDRESS", 2)
    few(monkeypatch, "REQUESTS_PER_PHONE", 1)
    codes = [client.post(FORM, everything_of(notice)).status_code for _ in range(4)]
    assert codes == [303, 429, 429, 429]
    neighbor = everything_of(notice, phone="0321 9876543")
    assert client.post(FORM, neighbor).status_code == 303


def test_limits_store_no_address_and_no_number(client: Client, notice: PrivacyNotice) -> None:
    client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.77")
    kept = [f"{attempt.scope} {attempt.subject}" for attempt in RateLimitCounter.objects.all()]
    assert len(kept) == 2
    assert not [row for row in kept if "203.0" in row or "2345678" in row]


def test_two_requests_from_one_phone_are_two_requests(patient: Patient) -> None:
    patient.sends()
    patient.sends(patient_name="Fatima Khan")
    assert ConsultationRequest.objects.count() == 2
