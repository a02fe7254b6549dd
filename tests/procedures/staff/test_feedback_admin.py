"""A feedback report is a task that staff mark as done."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from procedures.models import FeedbackReport
from procedures.staff import feedback_admin
from tests.admin_forms import address, warnings_in
from tests.conftest import query_count
from tests.factories import a_procedure, published, signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

LIST = "/staff/procedures/feedbackreport/"


@pytest.fixture
def report() -> FeedbackReport:
    return FeedbackReport.objects.create(
        publication=published(a_procedure("nerve-repair")),
        text="The left hand is meant.",
        name="Ayesha",
        email="ayesha@example.com",
    )


def test_feedback_list_opens_with_open_reports_and_its_queries_do_not_grow(
    editor: Client, report: FeedbackReport
) -> None:
    text = read(editor.get(LIST)).text
    for_one = query_count(lambda: editor.get(LIST))
    assert "The left hand is meant." in text and "Nerve Repair, version 1" in text

    for status, words in (("suspected", "Buy now"), ("open", "Old one")):
        FeedbackReport.objects.create(text=words, status=status, publication=report.publication)
    assert query_count(lambda: editor.get(LIST)) == for_one
    text = read(editor.get(LIST)).text
    assert "Old one" in text and "Buy now" not in text
    feedback_admin.mark_done(FeedbackReport.objects.filter(text="Old one"), by=staff("Manager"))
    assert "Old one" not in read(editor.get(LIST)).text
    assert "Buy now" in read(editor.get(LIST, {"status": "suspected"})).text
    assert "Old one" in read(editor.get(LIST, {"status": "done"})).text


def test_marking_feedback_done_records_who_and_removes_the_reader(
    editor: Client, report: FeedbackReport
) -> None:
    page = read(editor.get(address(report)))
    assert "ayesha@example.com" in page.text and page.one(id="content").one("h1").text == "Feedback report"
    editor.post(address(report), {"mark_done": "1", "text": "Other words", "publication": ""})

    report.refresh_from_db()
    assert report.status == "done"
    assert report.resolved_by.email == "editor@clinic.example" and report.resolved_at is not None
    assert (report.name, report.email) == ("", "")
    # Nothing else that the form sends is stored, and the log has none of the reader's words.
    assert report.text == "The left hand is meant." and report.publication is not None
    for entry in LogEntry.objects.all():
        assert "left hand" not in f"{entry.object_repr} {entry.change_message}"


def test_feedback_marked_done_from_the_list_stays_resolved_by_the_first(
    editor: Client, report: FeedbackReport
) -> None:
    signed_in("Manager").post(LIST, {"action": "mark_done", "_selected_action": [report.pk]})
    response = editor.post(address(report), {"mark_done": "Mark as done"})
    assert warnings_in(response)[-1] == "Another member of staff has already done this."
    report.refresh_from_db()
    assert (report.status, report.email) == ("done", "")
    assert report.resolved_by.email == "manager@clinic.example"


def test_suspected_feedback_can_be_opened(editor: Client, report: FeedbackReport) -> None:
    FeedbackReport.objects.update(status="suspected")
    editor.post(address(report), {"not_spam": "This is not spam"})
    report.refresh_from_db()
    assert (report.status, report.email) == ("open", "ayesha@example.com")


def test_feedback_is_changed_by_posts_only_and_done_without_its_reader(
    editor: Client, report: FeedbackReport
) -> None:
    editor.get(address(report), {"mark_done": "1"})
    with pytest.raises(IntegrityError), transaction.atomic():
        FeedbackReport.objects.update(status="done")  # with the reader's name
    report.refresh_from_db()
    assert report.status == "open"


def test_staff_index_links_to_open_feedback(editor: Client, report: FeedbackReport) -> None:
    index = read(editor.get(reverse("admin:index")))
    assert index.all("a", href=address(report))
    assert "The left hand is meant." not in index.text
