"""The desk's panel on the staff index: numbers and references, nothing personal."""

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, EDITOR
from clinic_site.core.rate_limits import record_refusal
from clinic_site.mail.models import OutgoingMessage
from consultations.models import Disclosure
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import set_to
from tests.factories import a_request, staff
from tests.mail.mail_helpers import a_message
from tests.pages import Element, read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def panel(client: Client) -> Element:
    sections = read(client.get(reverse("admin:index"))).all("section")
    return next(section for section in sections if section.all("h2")[0].text == "Consultation requests")


def lines(client: Client) -> list[str]:
    return [line.text for line in panel(client).all("li")]


def test_panel_says_what_to_do_and_links_to_it(at_two: Client, user: User) -> None:
    set_to(a_request(created_at=NOW - 9 * DAY), first_contact_at=NOW - 8 * DAY, promised_by=NOW - 7 * DAY)
    late = set_to(a_request(created_at=NOW - 8 * HOUR), promised_by=NOW - HOUR)
    set_to(a_request(created_at=NOW), promised_by=NOW + HOUR, assignee=user, unread_since=NOW)
    a_request(status=Status.QUARANTINED)
    set_to(a_request(status=Status.HELD), promised_by=NOW + 2 * DAY)
    OutgoingMessage.objects.filter(pk=a_message().pk).update(failed_at=NOW)
    for _refusal in range(2):
        record_refusal("feedback from a network")
    assert lines(at_two) == [
        "Waiting 3",
        f"{late.reference} overdue by 1 h waiting longest: 5 h",
        "Mine 1",
        "Due today 3 Overdue 2",
        "Appointments today 0",
        "Reminders due today 0",
        "Held: many from one network or phone number 1",
        "Unread from patients 1",
        "Undelivered messages 1",
        "Set aside as spam 1",
        "Limit reached: feedback from a network 2 since 4 March 2026, 2 pm",
    ]
    shown = panel(at_two)
    assert late.patient_name not in shown.text
    assert not Disclosure.objects.exists()
    links = [link["href"] for link in shown.all("a")]
    assert len(links) == 11
    assert all(at_two.get(link).status_code == 200 for link in links)


def test_panel_without_work_is_short(at_two: Client) -> None:
    assert lines(at_two) == [
        "Waiting 0",
        "Mine 0",
        "Due today 0",
        "Appointments today 0",
        "Reminders due today 0",
    ]


def test_panel_requires_permission(client: Client) -> None:
    for role in (EDITOR, CLINICAL_REVIEWER):
        client.force_login(staff(role))
        page = read(client.get(reverse("admin:index")))
        assert "Consultation requests" not in page.heading_texts()
        assert "consultationrequest" not in page.source
