"""Suspected spam is quarantined, not dropped; a flood from one network is held, and refused at a ceiling."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core import rate_limits
from clinic_site.core.models import RateLimitCounter
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.conftest import FORM, Patient, stored_request
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.factories import form_data

pytestmark = pytest.mark.django_db

NETWORK, OTHER_NETWORK = "203.0.113.1", "203.0.113.2"
# To send a request, with the savepoint and the limits.
MAX_QUERIES = 7


def few_requests(monkeypatch: pytest.MonkeyPatch, *, held_above: int, refused_above: int) -> None:
    limit = replace(submission.REQUESTS_PER_NETWORK, attempts=refused_above)
    monkeypatch.setattr(submission, "REQUESTS_PER_NETWORK", limit)
    monkeypatch.setattr(submission, "MAX_NOT_HELD_PER_NETWORK", held_above)


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


def sends(client: Client, network: str = NETWORK, **changes: Any) -> str:
    """Send a request of its own; return its status, or "refused"."""
    response = client.post(FORM, everything(**changes), REMOTE_ADDR=network)
    if response.status_code == 429:
        return "refused"
    assert response.status_code == 303
    return ConsultationRequest.objects.latest("pk").status


def phones() -> Iterator[str]:
    return (f"0321 {number}" for number in itertools.count(1_000_000))


def counters() -> dict[str, int]:
    """Return the total counted for each scope, without refusals."""
    scopes = RateLimitCounter.objects.exclude(subject="").order_by().values_list("scope")
    return dict(scopes.annotate(total=Sum("count")))


def test_requests_above_the_share_of_a_network_are_held_due_and_acknowledged(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_requests(monkeypatch, held_above=3, refused_above=9)
    open_every_day()
    ClinicProfile.objects.create(name="A Clinic", answer_within_hours=8)
    phone = phones()
    shared = [sends(client, phone=next(phone)) for _ in range(3)]
    assert set(shared) == {Status.NEW}
    assert sends(client, phone=next(phone), contact_method="email", email="held@example.com") == Status.HELD
    held = ConsultationRequest.objects.latest("pk")
    assert sends(client, OTHER_NETWORK, phone=next(phone)) == Status.NEW
    assert held.promised_by
    due = ConsultationRequest.objects.due_by(held.promised_by, timezone.now())
    assert due.count() == len(shared) + 2
    assert held not in ConsultationRequest.objects.waiting()
    announce_new_requests()
    assert OutgoingMessage.objects.filter(kind="acknowledgement", to="held@example.com").count() == 1
    page = client.get(FORM)  # and the form is still open for the network
    assert page.status_code == 200


def test_flood_is_refused_only_above_the_ceiling_of_its_network(
    client: Client, notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_requests(monkeypatch, held_above=2, refused_above=4)
    phone = phones()
    sent = [sends(client, phone=next(phone)) for _ in range(6)]
    assert sent == ["new", "new", "held", "held", "refused", "refused"]
    assert sends(client, OTHER_NETWORK, phone=next(phone)) == Status.NEW
    [refused] = rate_limits.recent_refusals(timezone.now())
    assert (refused.scope, refused.times) == ("requests from a network", 2)
    kept = [f"{row.scope} {row.subject}" for row in RateLimitCounter.objects.all()]
    assert kept and not [row for row in kept if "203.0" in row or "+92" in row]


def test_refused_patient_is_asked_to_call_keeps_the_answers_and_is_not_counted(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClinicProfile.objects.create(name="A Clinic", phone="042 0000 0000")
    few_requests(monkeypatch, held_above=1, refused_above=1)
    patient.answers()
    first = patient.response
    patient.confirms()
    patient.answers(patient_age="8")
    check = patient.response
    for _press in range(12):  # more often than a phone number has requests a day
        patient.response = check
        page = patient.presses("send")
        assert patient.response.status_code == 429
    summary = page.by_class("error-summary")[0]
    assert "Your request is not sent yet" in summary.text
    assert "again in an hour, or now on another network." in summary.text
    assert page.all("a", href="tel:+924200000000") and page.all("a", href="tel:1122")
    assert page.hidden_fields().items() >= {"patient_name": "علی خان", "phone": "0301 2345678"}.items()
    patient.response = first
    patient.confirms()  # the form that was sent already is never limited
    assert ConsultationRequest.objects.count() == 1
    assert counters() == {"requests from a network": 1, "requests for a phone": 1}
    few_requests(monkeypatch, held_above=2, refused_above=2)
    patient.response = check
    patient.confirms()
    assert ConsultationRequest.objects.latest("pk").status == Status.NEW


def test_requests_above_the_share_of_a_phone_are_held_on_every_network(
    client: Client, notice: PrivacyNotice
) -> None:
    attempts = submission.REQUESTS_PER_PHONE.attempts
    sent = [sends(client, f"203.0.113.{number}") for number in range(attempts + 2)]
    assert sent == ["new"] * attempts + ["held"] * 2
    assert counters()["requests for a phone"] == len(sent)


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_share_of_a_network_is_exact_for_requests_sent_at_once(
    notice: PrivacyNotice, monkeypatch: pytest.MonkeyPatch
) -> None:
    few_requests(monkeypatch, held_above=3, refused_above=6)
    forms = [everything(phone=phone) for phone in itertools.islice(phones(), 8)]

    def send(posted: dict[str, Any]) -> int:
        return Client().post(FORM, posted, REMOTE_ADDR=NETWORK).status_code

    # Each form twice: two presses of one button are one request, and count once.
    codes = in_threads(*[partial(send, form) for form in forms * 2])
    stored = Counter(ConsultationRequest.objects.values_list("status", flat=True))
    assert stored == {Status.NEW: 3, Status.HELD: 3}
    assert Counter(codes) == {303: 12, 429: 4}
    assert counters() == {"requests from a network": 6, "requests for a phone": 6}


def test_sending_a_request_takes_few_queries(
    client: Client, notice: PrivacyNotice, settings: Any, django_assert_max_num_queries: Any
) -> None:
    settings.PAGE_CACHE_SECONDS = 5
    assert client.post(FORM, everything()).status_code == 303
    form = everything()
    with django_assert_max_num_queries(MAX_QUERIES):
        assert client.post(FORM, form).status_code == 303
