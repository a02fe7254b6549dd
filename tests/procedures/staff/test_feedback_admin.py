"""A reported mistake is a task that somebody of the staff marks as done."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from procedures.models import MistakeReport
from procedures.public import feedback
from tests.factories import a_procedure, published, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

LIST = "admin:procedures_mistakereport_changelist"


def a_report(**fields: Any) -> MistakeReport:
    publication = published(a_procedure("nerve-repair"))
    return MistakeReport.objects.create(
        **{
            "publication": publication,
            "text": "The left hand is meant.",
            "name": "Ayesha",
            "email": "ayesha@example.com",
        }
        | fields
    )


def change(report: MistakeReport) -> str:
    return reverse("admin:procedures_mistakereport_change", args=[report.pk])


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(staff("Editor"))
    return client


def test_the_list_opens_with_what_is_to_do(editor: Client) -> None:
    report = a_report()
    MistakeReport.objects.create(text="Buy now", status="suspected")
    MistakeReport.objects.create(text="Old one", publication=report.publication)
    feedback.mark_done(MistakeReport.objects.get(text="Old one"), by=staff("Manager"))

    text = read(editor.get(reverse(LIST))).text

    assert "The left hand is meant." in text and "Nerve Repair, version 1" in text
    assert "Buy now" not in text and "Old one" not in text
    assert "Buy now" in read(editor.get(reverse(LIST), {"status": "suspected"})).text
    assert "Old one" in read(editor.get(reverse(LIST), {"status": "done"})).text


def test_marking_it_done_says_who_and_removes_the_readers_name(editor: Client) -> None:
    report = a_report()

    editor.post(change(report), {"mark_done": "Mark as done"})

    report.refresh_from_db()
    assert report.status == "done"
    assert report.resolved_by.email == "editor@clinic.example" and report.resolved_at is not None
    assert (report.name, report.email) == ("", "")
    assert report.text == "The left hand is meant."


def test_several_can_be_marked_from_the_list(editor: Client) -> None:
    report = a_report()
    chosen = {"action": "mark_done", "_selected_action": [report.pk]}

    editor.post(reverse(LIST), chosen)

    report.refresh_from_db()
    assert (report.status, report.email) == ("done", "")


def test_what_is_done_was_done_by_the_first(editor: Client) -> None:
    report = a_report()
    feedback.mark_done(report, by=staff("Manager"))

    response = editor.post(change(report), {"mark_done": "Mark as done"}, follow=True)

    assert "Somebody else has done this already." in read(response).text
    report.refresh_from_db()
    assert report.resolved_by.email == "manager@clinic.example"


def test_what_only_looked_like_spam_becomes_a_task(editor: Client) -> None:
    report = a_report(status="suspected")

    editor.post(change(report), {"not_spam": "This is not spam"})

    report.refresh_from_db()
    assert (report.status, report.email) == ("open", "ayesha@example.com")


def test_nothing_the_reader_wrote_can_be_changed(editor: Client) -> None:
    report = a_report()

    editor.post(change(report), {"mark_done": "1", "text": "Other words", "publication": ""})

    report.refresh_from_db()
    assert report.text == "The left hand is meant." and report.publication is not None


@pytest.mark.parametrize("role", ["Coordinator", ""])
def test_others_neither_see_nor_do_it(client: Client, role: str) -> None:
    report = a_report()
    client.force_login(staff(role))

    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(change(report)).status_code == 403
    assert client.post(change(report), {"mark_done": "1"}).status_code == 403
    assert (
        client.post(reverse(LIST), {"action": "mark_done", "_selected_action": [report.pk]}).status_code
        == 403
    )
    report.refresh_from_db()
    assert report.status == "open"


def test_opening_a_report_changes_nothing(editor: Client) -> None:
    report = a_report()

    editor.get(change(report), {"mark_done": "1"})

    report.refresh_from_db()
    assert report.status == "open"


def test_none_can_be_added_or_deleted(editor: Client) -> None:
    report = a_report()

    assert editor.get(reverse("admin:procedures_mistakereport_add")).status_code == 403
    assert editor.post(reverse("admin:procedures_mistakereport_delete", args=[report.pk])).status_code == 403


def test_the_log_of_the_admin_holds_no_word_of_the_reader(editor: Client) -> None:
    report = a_report()

    editor.post(change(report), {"mark_done": "Mark as done"})

    for entry in LogEntry.objects.all():
        assert "left hand" not in f"{entry.object_repr} {entry.change_message}"


def test_the_database_refuses_a_done_report_with_a_name() -> None:
    report = a_report()

    with pytest.raises(IntegrityError):
        MistakeReport.objects.filter(pk=report.pk).update(status="done")


def test_the_index_shows_what_waits(editor: Client) -> None:
    report = a_report()

    index = read(editor.get(reverse("admin:index")))

    assert index.all("a", href=change(report))
    assert "The left hand is meant." not in index.text


def test_the_list_asks_as_often_for_many_as_for_one(editor: Client) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            editor.get(reverse(LIST))
        return len(asked)

    report = a_report()
    queries()
    for_one = queries()
    for number in range(20):
        MistakeReport.objects.create(text=f"Number {number}", publication=report.publication)

    assert queries() == for_one
