"""Editors see pages that are due for review on the staff index, and get them by mail once a week."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from procedures.models import FeedbackReport
from procedures.publishing import publishing
from procedures.staff import review_reminders
from tests.admin_forms import address
from tests.factories import a_procedure, published, signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

TODAY = date(2026, 11, 22)
NOON = "2026-11-22 07:00:00+00:00"


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def a_page_due(days: int, slug: str = "") -> Any:
    """A live page whose review is due in this number of days."""
    page = a_procedure(slug or f"due-{days}".replace("--", "-past-"))
    with time_machine.travel(TODAY - timedelta(days=800)):
        published(
            page,
            reviewed_on=TODAY - timedelta(days=801),
            review_due_on=TODAY + timedelta(days=days),
        )
    return page


def urgencies(today: date = TODAY) -> list[tuple[str, str]]:
    return [(page.urgency, str(page.page)) for page in review_reminders.reviews_due(today)]


def test_reviews_due_have_their_urgency_and_take_one_query(django_assert_num_queries: Any) -> None:
    pages = {days: str(a_page_due(days)) for days in (-40, -1, 0, 30, 31, 90, 91)}
    wanted = {-40: "overdue", -1: "overdue", 0: "soon", 30: "soon", 31: "later", 90: "later"}

    with django_assert_num_queries(1):
        assert urgencies() == [(urgency, pages[days]) for days, urgency in wanted.items()]


def test_reviews_due_lists_only_live_versions() -> None:
    publishing.withdraw(a_page_due(-1, "withdrawn"), language="en")
    renewed = a_page_due(-1, "renewed")
    published(renewed, review_due_on=TODAY + timedelta(days=700))

    assert not urgencies()


def test_reviews_due_never_lists_samples(sample_site: None) -> None:
    assert not urgencies(TODAY + timedelta(days=3650))


def test_staff_index_links_to_pages_due() -> None:
    editor, index = signed_in("Editor"), reverse("admin:index")
    assert "No page is due for review within 90 days." in read(editor.get(index)).text
    procedure, other = a_page_due(-1, "late-procedure"), a_page_due(40, "other-procedure")

    items = read(editor.get(index)).all("li")

    (late,) = [item for item in items if item.all("a", href=address(procedure))]
    assert late.text == "Overdue Late Procedure due on Sat 21 Nov 2026"
    (later,) = [item for item in items if item.all("a", href=address(other))]
    assert later.text.startswith("Within 90 days")


# The weekly mail


def sent_to() -> list[str]:
    return list(OutgoingMessage.objects.order_by("pk").values_list("to", flat=True))


def test_reminder_goes_to_editors_only() -> None:
    a_page_due(-1)
    staff("Editor", email="editor@clinic.example")
    staff("Clinical reviewer", email="Reviewer@clinic.example")
    staff("Manager", email="manager@clinic.example")
    staff("Coordinator", email="desk@clinic.example")
    staff("", email="nobody@clinic.example")
    staff("Editor", email="gone@clinic.example", is_active=False)

    call_command("remind_reviews")

    assert sorted(sent_to()) == ["editor@clinic.example", "manager@clinic.example", "reviewer@clinic.example"]


def test_reminder_run_daily_is_sent_once_a_week_to_each_address(clock: Any) -> None:
    a_page_due(-1)
    staff("Editor", email="first@clinic.example")

    counts = []
    for day in range(15):
        # A timer is never on the minute.
        clock.shift(timedelta(days=1, seconds=-20))
        if day == 3:
            staff("Manager", email="second@clinic.example")
        call_command("remind_reviews")
        call_command("remind_reviews")
        counts.append((sent_to().count("first@clinic.example"), sent_to().count("second@clinic.example")))

    assert counts == [(1, 0)] * 3 + [(1, 1)] * 4 + [(2, 1)] * 3 + [(2, 2)] * 4 + [(3, 2)]


def test_reminder_with_nothing_due_is_sent_for_feedback_alone() -> None:
    staff("Editor", email="editor@clinic.example")
    call_command("remind_reviews")
    assert sent_to() == []

    FeedbackReport.objects.create(text="x")
    call_command("remind_reviews")
    assert OutgoingMessage.objects.get().subject == "1 open feedback report"


def test_reminder_lists_pages_and_counts_feedback(settings: Any) -> None:
    late, soon = a_page_due(-1, "late-page"), a_page_due(20, "soon-page")
    FeedbackReport.objects.create(text="The left hand is meant.", name="Ayesha", created_at=timezone.now())
    staff("Editor", email="editor@clinic.example")

    call_command("remind_reviews")

    message = OutgoingMessage.objects.get()
    assert message.subject == "The clinic’s pages to review: 1 overdue, 1 due within 30 days"
    overdue, due, *_rest = message.text.split("\n\n")
    assert overdue.startswith("Overdue") and f"- {late}, due on 21 November 2026" in overdue
    assert due.startswith("Due within 30 days") and f"- {soon}, due on 12 December 2026" in due
    assert "1 feedback report from a reader is open." in message.text
    assert settings.SITE_URL + reverse("admin:index") in message.text
    assert "left hand" not in message.text and "Ayesha" not in message.text + message.subject
