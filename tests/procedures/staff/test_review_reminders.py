"""Editors see pages that are due for review on the staff index, and get them by mail once a week."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from procedures.models import FeedbackReport
from procedures.publishing import publishing
from procedures.staff import review_reminders
from tests.admin_forms import address
from tests.factories import a_procedure, an_overview, published, staff
from tests.mail.mail_helpers import running
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


def titles(publications: Any) -> list[str]:
    return [str(publication.page) for publication in publications]


def test_reviews_due_are_grouped_by_urgency() -> None:
    pages = {days: str(a_page_due(days)) for days in (-40, -1, 0, 30, 31, 90, 91)}

    due = review_reminders.reviews_due(TODAY)

    assert titles(due.overdue) == [pages[-40], pages[-1]]
    assert titles(due.soon) == [pages[0], pages[30]]
    assert titles(due.later) == [pages[31], pages[90]]


def test_reviews_due_lists_only_live_versions() -> None:
    publishing.withdraw(a_page_due(-1, "withdrawn"), language="en")
    renewed = a_page_due(-1, "renewed")
    published(renewed, review_due_on=TODAY + timedelta(days=700))

    assert not review_reminders.reviews_due(TODAY)


def test_reviews_due_never_lists_samples(sample_site: None) -> None:
    assert not review_reminders.reviews_due(TODAY + timedelta(days=3650))


def test_reviews_due_takes_one_query(django_assert_num_queries: Any) -> None:
    for days in range(-3, 3):
        a_page_due(days, f"page-{days + 10}")

    with django_assert_num_queries(1):
        due = review_reminders.reviews_due(TODAY)
        titles((*due.overdue, *due.soon))


def test_staff_index_links_to_pages_due(client: Client) -> None:
    overview = an_overview()
    with time_machine.travel(TODAY - timedelta(days=800)):
        published(overview, review_due_on=TODAY + timedelta(days=40), reviewed_on=TODAY - timedelta(days=801))
    procedure = a_page_due(-1, "late-procedure")
    client.force_login(staff("Editor"))

    index = read(client.get(reverse("admin:index")))

    (late,) = [item for item in index.all("li") if item.all("a", href=address(procedure))]
    assert late.text == "Overdue Late Procedure due on 21 November 2026"
    (later,) = [item for item in index.all("li") if item.all("a", href=address(overview))]
    assert later.text.startswith("Within 90 days")


def test_staff_index_says_that_no_page_is_due(client: Client) -> None:
    client.force_login(staff("Editor"))

    assert "None within 90 days." in read(client.get(reverse("admin:index"))).text


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
    other = staff("Editor", email="gone@clinic.example", is_active=False)
    assert not other.is_active

    call_command("remind_reviews")

    assert sorted(sent_to()) == ["editor@clinic.example", "manager@clinic.example", "reviewer@clinic.example"]


def test_reminder_run_daily_is_sent_once_a_week(clock: Any) -> None:
    a_page_due(-1)
    staff("Editor", email="editor@clinic.example")

    counts = []
    for _day in range(15):
        # A timer is never on the minute.
        clock.shift(timedelta(days=1, seconds=-20))
        call_command("remind_reviews")
        call_command("remind_reviews")
        counts.append(len(sent_to()))

    assert counts == [1] * 7 + [2] * 7 + [3]


def test_reminder_week_is_counted_for_each_address(clock: Any) -> None:
    a_page_due(-1)
    staff("Editor", email="first@clinic.example")
    call_command("remind_reviews")
    staff("Manager", email="second@clinic.example")
    clock.shift(timedelta(days=1))

    call_command("remind_reviews")

    assert sent_to() == ["first@clinic.example", "second@clinic.example"]


def test_reminder_with_nothing_due_is_not_sent() -> None:
    staff("Editor", email="editor@clinic.example")
    call_command("remind_reviews")
    assert sent_to() == []

    a_page_due(5)
    call_command("remind_reviews")
    assert sent_to() == ["editor@clinic.example"]


def test_reminder_lists_pages_and_counts_feedback(settings: Any) -> None:
    late, soon = a_page_due(-1, "late-page"), a_page_due(20, "soon-page")
    FeedbackReport.objects.create(text="The left hand is meant.", name="Ayesha", created_at=timezone.now())
    staff("Editor", email="editor@clinic.example")

    call_command("remind_reviews")

    message = OutgoingMessage.objects.get()
    assert message.subject == "The clinic’s pages to review: 1 overdue, 1 due within 30 days"
    assert f"- {late}, due on 21 November 2026" in message.text
    assert f"- {soon}, due on 12 December 2026" in message.text
    assert "1 feedback report from a reader is open." in message.text
    assert settings.SITE_URL + reverse("admin:index") in message.text
    assert "left hand" not in message.text and "Ayesha" not in message.text + message.subject


def test_reminder_is_sent_for_feedback_alone() -> None:
    FeedbackReport.objects.create(text="x")
    staff("Editor", email="editor@clinic.example")

    call_command("remind_reviews")

    assert OutgoingMessage.objects.get().subject == "1 open feedback report"


@pytest.mark.django_db(transaction=True)
def test_reminder_arrives_at_a_real_server(settings: Any, clock: Any) -> None:
    page = a_page_due(-1, "late-page")
    staff("Editor", email="editor@clinic.example")
    with running(settings) as server:
        call_command("remind_reviews")
        call_command("send_mail")
        call_command("remind_reviews")
        call_command("send_mail")

    ((to, _content),) = server.received
    (mail,) = server.mails
    assert to == ["editor@clinic.example"]
    assert "1 overdue" in mail["Subject"]
    assert f"- {page}, due on 21 November 2026" in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
