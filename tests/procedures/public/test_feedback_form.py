"""A reader reports a mistake, without an account and without JavaScript."""

import logging
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from procedures.models import MistakeReport
from procedures.public import feedback
from tests.factories import a_procedure, an_overview, published
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

WORDS = "Step 2 says “left hand”; the drawing shows the right one."


@pytest.fixture
def form() -> str:
    return reverse("procedures:report_mistake")


@pytest.fixture
def page(db: None) -> Any:
    """A procedure with two versions."""
    procedure = a_procedure("nerve-repair")
    published(procedure)
    published(procedure)
    return procedure


def report_link(client: Client, address: str) -> str:
    """Where the link at the end of a page leads."""
    (link,) = [
        link
        for link in read(client.get(address)).main.all("a")
        if link.text == "Report a mistake on this page"
    ]
    return link["href"]


def send(client: Client, opened: str, **answers: str) -> Any:
    """Open the form as a link leads to it, fill it in, and press the button."""
    shown = read(client.get(opened)).main.one("form")
    hidden = {field["name"]: field.get("value") for field in shown.all("input", type="hidden")}
    return client.post(shown["action"], hidden | answers)


def test_the_end_of_each_page_leads_to_a_form_that_names_the_page(client: Client, page: Any) -> None:
    published(an_overview(title="What microsurgery is"))

    for address, title in (("/procedures/nerve-repair/", "Nerve Repair"), ("/", "What microsurgery is")):
        opened = read(client.get(report_link(client, address)))
        assert f"About the page “{title}”" in opened.main.text
        assert opened.meta("robots") == ["noindex, follow"]


def test_a_report_is_a_task_about_the_version_the_reader_had(client: Client, page: Any) -> None:
    opened = report_link(client, "/procedures/nerve-repair/")
    published(page)  # while the reader was writing

    response = send(client, opened, text=WORDS, name="Ayesha Khan", email="ayesha@example.com")

    assert response.status_code == 303
    report = MistakeReport.objects.get()
    assert (report.text, report.name, report.email) == (WORDS, "Ayesha Khan", "ayesha@example.com")
    assert (report.publication.page_id, report.publication.number) == (page.pk, 2)
    assert report.status == "open"
    thanks = read(client.get(response["Location"]))
    assert thanks.headings[0] == (1, "Thank you")
    assert thanks.main.one("a", class_="btn")["href"] == "/procedures/nerve-repair/"


def test_name_and_email_may_stay_empty(client: Client, page: Any, form: str) -> None:
    labels = [label.text for label in read(client.get(form)).main.all("label")]
    assert {"Your name (optional)", "Your email address (optional)"} <= set(labels)

    assert send(client, form, text=WORDS).status_code == 303


@pytest.mark.parametrize(
    "about", ["", "?page=no-such-page", "?page=%00&version=x", "?page=nerve-repair&version=99"]
)
def test_an_unknown_page_or_version_loses_no_report(client: Client, page: Any, form: str, about: str) -> None:
    assert send(client, form + about, text=WORDS).status_code == 303

    publication = MistakeReport.objects.get().publication
    assert publication is None if "nerve" not in about else publication.number == 2


def test_a_page_that_is_only_scheduled_is_not_named(client: Client, form: str) -> None:
    published(a_procedure("secret-plan"), live_from=timezone.now() + timedelta(days=3))

    assert "Secret Plan" not in read(client.get(f"{form}?page=secret-plan")).main.text


# What is wrong is said, and nothing is lost


def errors(page: Page) -> list[str]:
    (summary,) = page.main.all("div", class_="error-summary")
    return [line.text for line in summary.all("li")]


@pytest.mark.parametrize(
    ("answers", "sentence"),
    [
        ({}, "Write what is wrong, missing or hard to understand"),
        ({"text": "  \n "}, "Write what is wrong, missing or hard to understand"),
        ({"text": "\x00\x00"}, "Write what is wrong, missing or hard to understand"),
        ({"text": "w" * 1001}, "Shorten what you wrote to 1,000 characters"),
        ({"text": "w" * 1_000_000}, "Shorten what you wrote to 1,000 characters"),
        ({"text": WORDS, "name": "n" * 121}, "Shorten your name to 120 characters"),
        (
            {"text": WORDS, "email": "not an address"},
            "Enter an email address, like name@example.com, or leave it empty",
        ),
        (
            {"text": WORDS, "email": "a" * 300 + "@example.com"},
            "Enter an email address, like name@example.com, or leave it empty",
        ),
    ],
)
def test_each_mistake_in_the_form_is_one_clear_sentence(
    client: Client, form: str, answers: dict[str, str], sentence: str
) -> None:
    response = client.post(form, answers)

    shown = read(response)
    assert response.status_code == 200
    assert errors(shown) == [sentence]
    assert shown.title.startswith("Error: ")
    assert not MistakeReport.objects.exists()


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("The dose is wrong 💊", "The dose is wrong 💊"),
        ("یہ جملہ غلط ہے", "یہ جملہ غلط ہے"),
        ("a\x00b\r\nc", "ab\nc"),
        ("<script>alert(1)</script>", "<script>alert(1)</script>"),
        ("w" * 1000, "w" * 1000),
    ],
)
def test_whatever_else_is_typed_is_stored(client: Client, form: str, typed: str, stored: str) -> None:
    assert client.post(form, {"text": typed}).status_code == 303
    assert MistakeReport.objects.get().text == stored


def test_fields_that_come_twice_or_as_files_break_nothing(client: Client, form: str) -> None:
    assert client.post(form, {"text": ["first", "second"]}).status_code == 303
    assert client.post(form, {"text": SimpleUploadedFile("a.txt", b"a")}).status_code == 200
    assert client.post(form, b"\xff\xfe{", content_type="application/json").status_code == 200
    assert client.put(form).status_code == 405


# Limits


def test_who_sends_too_many_is_told_what_to_do_and_keeps_what_was_typed(
    client: Client, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ClinicProfile.objects.create(name="The Clinic", phone="042 1234567")
    for _ in range(feedback.LIMIT.attempts):
        assert client.post(form, {"text": WORDS}).status_code == 303

    response = client.post(form, {"text": WORDS, "name": "Ayesha Khan"})

    assert response.status_code == 429
    shown = read(response).main
    assert "Your report is not sent yet" in shown.text
    assert shown.all("a", href="tel:+92421234567")
    assert WORDS in shown.one("textarea").text
    assert shown.one("input", name="name")["value"] == "Ayesha Khan"
    assert MistakeReport.objects.count() == feedback.LIMIT.attempts


def test_a_report_with_an_error_does_not_count(client: Client, form: str) -> None:
    for _ in range(feedback.LIMIT.attempts + 1):
        client.post(form, {"text": ""})

    assert client.post(form, {"text": WORDS}).status_code == 303


def test_another_connection_is_not_held_back(client: Client, form: str) -> None:
    for _ in range(feedback.LIMIT.attempts + 1):
        client.post(form, {"text": WORDS})

    assert client.post(form, {"text": WORDS}, REMOTE_ADDR="198.51.100.1").status_code == 303


def test_what_fills_in_the_hidden_field_is_kept_apart_and_learns_nothing(client: Client, form: str) -> None:
    honest = client.post(form, {"text": WORDS})
    machine = client.post(form, {"text": "Buy now", "website": "https://example.org"})

    assert (machine.status_code, machine["Location"]) == (honest.status_code, honest["Location"])
    assert MistakeReport.objects.get(text="Buy now").status == "suspected"
    assert [report.text for report in MistakeReport.objects.open()] == [WORDS]


def test_nobody_sees_reaches_or_hears_the_hidden_field(client: Client, form: str) -> None:
    trap = read(client.get(form)).main.one("input", name="website")

    assert trap["tabindex"] == "-1"
    outer = trap.parent
    while outer is not None and outer.get("aria-hidden") != "true":
        outer = outer.parent
    assert outer is not None and "visually-hidden" in outer["class"]


# Privacy and caches


def test_no_word_of_a_report_is_logged(client: Client, page: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        send(client, "/report-a-mistake/?page=nerve-repair", text=WORDS, email="ayesha@example.com")

    said = " ".join(
        f"{record.getMessage()} {vars(record)}"
        for record in caplog.records
        if record.name != "django.db.backends"
    )
    assert "left hand" not in said
    assert "ayesha" not in said


def test_no_cache_may_keep_what_was_typed(client: Client, form: str) -> None:
    assert "private" in client.get(form)["Cache-Control"]
    assert "no-store" in client.post(form, {"text": ""})["Cache-Control"]


def test_opening_the_form_changes_nothing(client: Client, page: Any, form: str) -> None:
    client.get(f"{form}?page=nerve-repair&text=hello")

    assert not MistakeReport.objects.exists()


def test_a_report_from_another_site_is_refused(form: str) -> None:
    assert Client(enforce_csrf_checks=True).post(form, {"text": WORDS}).status_code == 403
