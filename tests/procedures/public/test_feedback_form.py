"""A reader reports a mistake, without an account and without JavaScript."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from procedures.models import FeedbackReport
from procedures.public import feedback
from tests.factories import a_procedure, an_overview, published
from tests.pages import read

pytestmark = pytest.mark.django_db

FORM = "/report-a-mistake/"
WORDS = "Step 2 says “left hand”; the drawing shows the right one."
ASK_TEXT = "Write what is wrong, missing or hard to understand"
ASK_EMAIL = "Enter an email address, like name@example.com, or leave it empty"


@pytest.fixture
def reported(db: None) -> Any:
    """A procedure with two versions."""
    procedure = a_procedure("nerve-repair")
    published(procedure)
    published(procedure)
    return procedure


def report_link(client: Client, address: str) -> str:
    links = read(client.get(address)).main.all("a")
    (link,) = [link for link in links if link.text == "Report a mistake on this page"]
    return link["href"]


def send(client: Client, opened: str, **answers: str) -> Any:
    """Open the form at this address, fill it in, and press the button."""
    shown = read(client.get(opened)).main.one("form")
    return client.post(shown["action"], shown.hidden_fields() | answers)


def test_feedback_link_names_the_page_and_name_and_email_are_optional(client: Client, reported: Any) -> None:
    published(an_overview(title="What microsurgery is"))

    for address, title in (("/procedures/nerve-repair/", "Nerve Repair"), ("/", "What microsurgery is")):
        opened = read(client.get(report_link(client, address)))
        assert f"About the page “{title}”" in opened.main.text
        assert opened.meta("robots") == ["noindex, follow"]
        labels = {label.text for label in opened.main.all("label")}
        assert {"Your name (optional)", "Your email address (optional)"} <= labels


def test_feedback_is_stored_with_the_version_the_reader_saw(client: Client, reported: Any) -> None:
    opened = report_link(client, "/procedures/nerve-repair/")
    published(reported)  # while the reader writes

    response = send(client, opened, text=WORDS, name="Ayesha Khan", email="ayesha@example.com")

    assert response.status_code == 303
    report = FeedbackReport.objects.get()
    assert (report.text, report.name, report.email) == (WORDS, "Ayesha Khan", "ayesha@example.com")
    assert (report.publication.page_id, report.publication.number) == (reported.pk, 2)
    assert report.status == "open"
    thanks = read(client.get(response["Location"]))
    assert thanks.headings[0] == (1, "Thank you")
    assert thanks.main.one("a", class_="btn")["href"] == "/procedures/nerve-repair/"


def test_feedback_about_an_unknown_page_or_version_is_stored(client: Client, reported: Any) -> None:
    known = "?page=nerve-repair&version=99"
    for about in ("", "?page=no-such-page", "?page=%00&version=x", known):
        assert send(client, FORM + about, text=WORDS).status_code == 303

        publication = FeedbackReport.objects.latest("pk").publication
        assert (publication and publication.number) == (2 if about == known else None), about


def test_feedback_form_does_not_name_a_scheduled_page(client: Client) -> None:
    published(a_procedure("secret-plan"), live_from=timezone.now() + timedelta(days=3))

    assert "Secret Plan" not in read(client.get(f"{FORM}?page=secret-plan")).main.text


def test_feedback_errors_are_one_clear_sentence_each(client: Client) -> None:
    for answers, sentence in (
        ({}, ASK_TEXT),
        ({"text": "  \n "}, ASK_TEXT),
        ({"text": "\x00\x00"}, ASK_TEXT),
        ({"text": "w" * 1001}, "Shorten your text to 1,000 characters"),
        ({"text": "w" * 1_000_000}, "Shorten your text to 1,000 characters"),
        ({"text": WORDS, "name": "n" * 121}, "Shorten your name to 120 characters"),
        ({"text": WORDS, "email": "not an address"}, ASK_EMAIL),
        ({"text": WORDS, "email": "a" * 300 + "@example.com"}, ASK_EMAIL),
    ):
        response = client.post(FORM, answers)
        shown = read(response)
        assert response.status_code == 200
        (summary,) = shown.main.all("div", class_="error-summary")
        assert [line.text for line in summary.all("li")] == [sentence]
        assert shown.title.startswith("Error: ")
    assert not FeedbackReport.objects.exists()


def test_feedback_stores_any_other_text(client: Client) -> None:
    for typed, stored in (
        ("The dose is wrong 💊", "The dose is wrong 💊"),
        ("یہ جملہ غلط ہے", "یہ جملہ غلط ہے"),
        ("a\x00b\r\nc", "ab\nc"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("w" * 1000, "w" * 1000),
    ):
        assert client.post(FORM, {"text": typed}).status_code == 303
        assert FeedbackReport.objects.latest("pk").text == stored


def test_feedback_accepts_repeated_fields_and_survives_files(client: Client) -> None:
    assert client.post(FORM, {"text": ["first", "second"]}).status_code == 303
    assert client.post(FORM, {"text": SimpleUploadedFile("a.txt", b"a")}).status_code == 200
    assert client.post(FORM, b"\xff\xfe{", content_type="application/json").status_code == 200
    assert client.put(FORM).status_code == 405


# Limits


def test_feedback_limit_keeps_the_text_and_says_what_to_do(client: Client) -> None:
    ClinicProfile.objects.create(name="The Clinic", phone="042 1234567")
    for _ in range(feedback.LIMIT.attempts + 1):
        client.post(FORM, {"text": ""})  # a report with an error does not count
    for _ in range(feedback.LIMIT.attempts):
        assert client.post(FORM, {"text": WORDS}).status_code == 303

    response = client.post(FORM, {"text": WORDS, "name": "Ayesha Khan"})

    assert response.status_code == 429
    shown = read(response).main
    assert "Your report is not sent yet" in shown.text
    assert shown.all("a", href="tel:+92421234567")
    assert WORDS in shown.one("textarea").text
    assert shown.one("input", name="name")["value"] == "Ayesha Khan"
    assert FeedbackReport.objects.count() == feedback.LIMIT.attempts
    # Another connection is not limited.
    assert client.post(FORM, {"text": WORDS}, REMOTE_ADDR="198.51.100.1").status_code == 303


def test_feedback_spam_is_stored_apart_and_answered_like_any_report(client: Client) -> None:
    # Only a program fills in what is hidden from everyone.
    trap = read(client.get(FORM)).main.one("input", name="website")
    assert trap["tabindex"] == "-1"
    outer = trap.parent
    while outer is not None and outer.get("aria-hidden") != "true":
        outer = outer.parent
    assert outer is not None and "visually-hidden" in outer["class"]

    honest = client.post(FORM, {"text": WORDS})
    spam = client.post(FORM, {"text": "Buy now", "website": "https://example.org"})
    assert (spam.status_code, spam["Location"]) == (honest.status_code, honest["Location"])
    assert FeedbackReport.objects.get(text="Buy now").status == "suspected"
    assert [report.text for report in FeedbackReport.objects.open()] == [WORDS]


# Privacy and caches


def test_feedback_is_not_logged(client: Client, reported: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        send(client, f"{FORM}?page=nerve-repair", text=WORDS, email="ayesha@example.com")

    records = [record for record in caplog.records if record.name != "django.db.backends"]
    logged = " ".join(f"{record.getMessage()} {vars(record)}" for record in records)
    assert "left hand" not in logged
    assert "ayesha" not in logged


def test_feedback_answers_are_private_and_stay_in_the_page(client: Client) -> None:
    for response in (client.get(FORM), client.post(FORM, {"text": ""})):
        assert "private" in response["Cache-Control"] and "no-cache" in response["Cache-Control"]
        assert "no-store" not in response["Cache-Control"]


def test_feedback_needs_a_post_from_this_site(client: Client, reported: Any) -> None:
    client.get(f"{FORM}?page=nerve-repair&text=hello")
    assert Client(enforce_csrf_checks=True).post(FORM, {"text": WORDS}).status_code == 403
    assert not FeedbackReport.objects.exists()
