"""Answers are in the database only: not in URLs, cookies, logs or caches."""

import logging
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from clinic_site.core.json_logging import JsonFormatter
from consultations.intake import submission as intake_submission
from consultations.models import ConsultationRequest, Event
from tests.consultations.conftest import PRIVATE_NO_CACHE, Patient
from tests.factories import a_notice, form_data
from tests.pages import read

pytestmark = pytest.mark.django_db

SECRETS = ["Ayesha", "علی", "guardian", "glass", "2345678", "a@example.com"]


def holds_a_secret(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret in text]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Return everything logged from here on."""
    caplog.set_level(logging.DEBUG)
    return lambda: "\n".join(JsonFormatter().format(record) for record in caplog.records)


def test_urls_cookies_and_events_have_no_personal_details(patient: Patient) -> None:
    patient.answers(email="a@example.com")
    patient.presses("change", "phone")
    patient.posts(patient.page.hidden_fields() | form_data(email="a@example.com", phone="1"))
    check = patient.posts(patient.page.hidden_fields() | form_data(email="a@example.com"))
    patient.presses("send")
    assert not holds_a_secret(patient.response["Location"])
    patient.opens(patient.response["Location"])
    assert list(patient.client.cookies) == ["csrftoken"]
    assert not holds_a_secret(str(patient.client.cookies))
    patient.posts(check.hidden_fields() | {"patient_name": "علی رضا", "phone": "0321 2345678", "send": "yes"})
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds == ["submitted", "contact_details_corrected"]
    assert not holds_a_secret(str(list(Event.objects.values())))


def test_logs_have_no_answers_or_private_links(patient: Patient, lines: Any) -> None:
    address = patient.sends(email="a@example.com")
    patient.opens(address)
    patient.opens("/r/wrong-token/")
    patient.answers(email="a@example.com", phone="1")
    token = address.split("/")[2]
    assert "request" in lines()
    assert not holds_a_secret(lines())
    assert token not in lines()
    assert "wrong-token" not in lines()


def test_storage_error_logs_no_answers(patient: Patient, lines: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(submission: intake_submission.Submission) -> None:
        raise ValueError(f"cannot store {submission.answers}")

    patient.client.raise_request_exception = False
    patient.answers(email="a@example.com")
    monkeypatch.setattr(intake_submission, "submit", fails)
    patient.presses("send")
    assert patient.response.status_code == 500
    assert "ValueError" in lines()
    assert not holds_a_secret(lines())


def test_back_button_keeps_typed_answers(patient: Patient) -> None:
    """With no-store, Back would show the browser's error page, and the answers would be lost."""

    def allows_going_back() -> bool:
        return patient.response["Cache-Control"] == PRIVATE_NO_CACHE

    patient.answers(phone="1")
    assert allows_going_back()
    patient.answers()
    assert allows_going_back()
    patient.presses("change", "phone")
    assert allows_going_back()
    assert not ConsultationRequest.objects.exists() and not Session.objects.exists()
    patient.posts(patient.page.hidden_fields() | form_data())
    patient.presses("send")
    assert allows_going_back()


def test_pages_without_answers_are_private_or_set_no_cookie(client: Client) -> None:
    a_notice()
    response = client.get("/consultation/", headers={"accept-encoding": "gzip"})
    # With no-store, browsers discard typed answers on "back".
    cached = response["Cache-Control"]
    assert "private" in cached and "no-cache" in cached and "no-store" not in cached
    assert response["Vary"] == "Accept-Encoding"
    for address in ("/emergency/", "/privacy/"):
        response = Client().get(address)
        assert not response.cookies
        assert "Cookie" not in response.get("Vary", "")


def test_shared_computer_does_not_show_other_answers(patient: Patient) -> None:
    patient.sends()
    page = patient.opens()
    assert not holds_a_secret(patient.response.content.decode())
    assert page.hidden_fields()["key"] != patient.opens().hidden_fields()["key"]


def test_privacy_page_shows_current_notice(client: Client) -> None:
    response = client.get("/privacy/")
    assert response.status_code == 200
    assert "has not entered its privacy notice yet" in read(response).one("main").text
    a_notice(summary="Old. Old. Old.")
    a_notice(
        summary="New. New. New.",
        text="Before.\n\n## What we keep\n\n- **This**\n- [that](/clinic/)\n\n<b>x</b>",
    )
    page = read(client.get("/privacy/"))
    text = page.one("main").text
    assert "New. New. New." in text
    assert "Version 2" in text
    assert "What we keep" in [heading.text for heading in page.all("h2")]
    assert page.all("a", href="/clinic/")
    assert "<b>x</b>" in text
