"""What looks like a machine is set aside and not dropped; what comes too often is asked to call."""

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


def test_who_fills_in_what_nobody_sees_is_set_aside_and_sees_what_everyone_sees(patient: Patient) -> None:
    address = patient.sends(website="https://pills.example")
    request = ConsultationRequest.objects.get()
    assert request.status == Status.QUARANTINED
    assert request.events.get().detail == {"suspicions": ["trap"]}
    page = patient.opens(address)
    assert request.reference in page.one("main").text
    assert "We have your request" in page.one("h1").text
    assert not OutgoingMessage.objects.exists()


def test_who_is_faster_than_any_person_is_set_aside(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("consultations.intake.request_form.FASTEST_PERSON", timedelta(seconds=3))
    with time_machine.travel(timezone.now(), tick=False) as clock:
        fast, person = everything_of(notice), everything_of(notice)
        clock.shift(2)
        assert client.post(FORM, fast).status_code == 303
        clock.shift(2)
        assert client.post(FORM, person).status_code == 303
    statuses = ConsultationRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Status.QUARANTINED, Status.NEW]


@pytest.mark.parametrize("pressed", ["send", "continue"])
def test_whose_key_was_replaced_a_moment_ago_is_not_too_fast(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, pressed: str
) -> None:
    monkeypatch.setattr("consultations.intake.request_form.FASTEST_PERSON", timedelta(seconds=3))
    hidden = patient.opens().hidden_fields() | {"key": "from before the secret changed"}
    patient.posts(hidden | form_data() | {pressed: "yes"})
    patient.presses("send")
    assert patient.response.status_code == 303
    assert ConsultationRequest.objects.get().status == Status.NEW


def test_a_form_left_open_for_days_is_still_a_patients(client: Client, notice: PrivacyNotice) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        sent = everything_of(notice)
        clock.shift(timedelta(days=9))
        client.post(FORM, sent)
    assert ConsultationRequest.objects.get().status == Status.NEW


@pytest.mark.parametrize(
    ("limit", "when"), [("FROM_ONE_ADDRESS", "in an hour"), ("FOR_ONE_PHONE", "in 24 hours")]
)
def test_above_the_limit_the_patient_is_asked_to_call_and_keeps_the_form(
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
    few(monkeypatch, "FROM_ONE_ADDRESS", 1)
    sent = everything_of(notice)
    assert {client.post(FORM, sent).status_code for _ in range(4)} == {303}
    assert client.post(FORM, everything_of(notice)).status_code == 429


def test_another_address_and_another_phone_have_limits_of_their_own(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "FROM_ONE_ADDRESS", 1)
    few(monkeypatch, "FOR_ONE_PHONE", 1)
    assert client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.1").status_code == 303
    assert client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.2").status_code == 429
    other = everything_of(notice, phone="0321 9876543")
    assert client.post(FORM, other, REMOTE_ADDR="203.0.113.3").status_code == 303


def test_who_tries_again_above_the_limit_of_a_phone_takes_nothing_from_the_network(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(monkeypatch, "FROM_ONE_ADDRESS", 2)
    few(monkeypatch, "FOR_ONE_PHONE", 1)
    codes = [client.post(FORM, everything_of(notice)).status_code for _ in range(4)]
    assert codes == [303, 429, 429, 429]
    neighbor = everything_of(notice, phone="0321 9876543")
    assert client.post(FORM, neighbor).status_code == 303


def test_neither_an_address_nor_a_number_is_kept_by_the_limits(client: Client, notice: PrivacyNotice) -> None:
    client.post(FORM, everything_of(notice), REMOTE_ADDR="203.0.113.77")
    kept = [f"{attempt.scope} {attempt.subject}" for attempt in RateLimitCounter.objects.all()]
    assert len(kept) == 2
    assert not [row for row in kept if "203.0" in row or "2345678" in row]


def test_two_requests_from_one_phone_are_two_requests(patient: Patient) -> None:
    patient.sends()
    patient.sends(patient_name="Fatima Khan")
    assert ConsultationRequest.objects.count() == 2
