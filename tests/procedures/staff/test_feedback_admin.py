"""A feedback report is a task that staff mark as done."""

from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from procedures.models import FeedbackReport
from procedures.staff import feedback_admin
from tests.admin_forms import address
from tests.factories import a_procedure, published, signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

LIST = "/staff/procedures/feedbackreport/"


@pytest.fixture
def report() -> FeedbackReport:
    return a_report()


def a_report(**fields: Any) -> FeedbackReport:
    reader = {"text": "The left hand is meant.", "name": "Ayesha", "email": "ayesha@example.com"}
    return FeedbackReport.objects.create(
        publication=published(a_procedure("nerve-repair")), **(reader | fields)
    )


def done_by_manager(report: FeedbackReport) -> None:
    feedback_admin.mark_done(FeedbackReport.objects.filter(pk=report.pk), by=staff("Manager"))


def test_feedback_list_opens_with_open_reports(editor: Client, report: FeedbackReport) -> None:
    FeedbackReport.objects.create(text="Buy now", status="suspected")
    old = FeedbackReport.objects.create(text="Old one", publication=report.publication)
    done_by_manager(old)

    text = read(editor.get(LIST)).text

    assert "The left hand is meant." in text and "Nerve Repair, version 1" in text
    assert "Buy now" not in text and "Old one" not in text
    assert "Buy now" in read(editor.get(LIST, {"status": "suspected"})).text
    assert "Old one" in read(editor.get(LIST, {"status": "done"})).text


def test_marking_feedback_done_records_who_and_removes_the_reader(
    editor: Client, report: FeedbackReport
) -> None:
    editor.post(address(report), {"mark_done": "1", "text": "Other words", "publication": ""})

    report.refresh_from_db()
    assert report.status == "done"
    assert report.resolved_by.email == "editor@clinic.example" and report.resolved_at is not None
    assert (report.name, report.email) == ("", "")
    # Nothing else that the form sends is stored, and the log has none of the reader's words.
    assert report.text == "The left hand is meant." and report.publication is not None
    for entry in LogEntry.objects.all():
        assert "left hand" not in f"{entry.object_repr} {entry.change_message}"


def test_feedback_can_be_marked_done_from_the_list(editor: Client, report: FeedbackReport) -> None:
    editor.post(LIST, {"action": "mark_done", "_selected_action": [report.pk]})

    report.refresh_from_db()
    assert (report.status, report.email) == ("done", "")


def test_feedback_stays_resolved_by_the_first(editor: Client, report: FeedbackReport) -> None:
    done_by_manager(report)

    response = editor.post(address(report), {"mark_done": "Mark as done"}, follow=True)

    assert "Another member of staff has already done this." in read(response).text
    report.refresh_from_db()
    assert report.resolved_by.email == "manager@clinic.example"


def test_suspected_feedback_can_be_opened(editor: Client) -> None:
    report = a_report(status="suspected")

    editor.post(address(report), {"not_spam": "This is not spam"})

    report.refresh_from_db()
    assert (report.status, report.email) == ("open", "ayesha@example.com")


def test_feedback_is_closed_to_other_roles(report: FeedbackReport) -> None:
    for role in ("Coordinator", ""):
        client = signed_in(role)
        for response in (
            client.get(LIST),
            client.get(address(report)),
            client.post(address(report), {"mark_done": "1"}),
            client.post(LIST, {"action": "mark_done", "_selected_action": [report.pk]}),
        ):
            assert response.status_code == 403
    report.refresh_from_db()
    assert report.status == "open"


def test_feedback_get_changes_nothing_and_none_is_added_or_deleted(
    editor: Client, report: FeedbackReport
) -> None:
    editor.get(address(report), {"mark_done": "1"})
    assert editor.get(f"{LIST}add/").status_code == 403
    assert editor.post(address(report, "delete")).status_code == 403

    report.refresh_from_db()
    assert report.status == "open"


def test_database_refuses_done_feedback_with_a_name(report: FeedbackReport) -> None:
    with pytest.raises(IntegrityError):
        FeedbackReport.objects.filter(pk=report.pk).update(status="done")


def test_staff_index_links_to_open_feedback(editor: Client, report: FeedbackReport) -> None:
    index = read(editor.get(reverse("admin:index")))

    assert index.all("a", href=address(report))
    assert "The left hand is meant." not in index.text


def test_feedback_list_queries_do_not_grow(editor: Client, report: FeedbackReport) -> None:
    editor.get(LIST)
    with CaptureQueriesContext(connection) as for_one:
        editor.get(LIST)
    for number in range(20):
        FeedbackReport.objects.create(text=f"Number {number}", publication=report.publication)
    with CaptureQueriesContext(connection) as for_many:
        editor.get(LIST)
    assert len(for_many) == len(for_one)
