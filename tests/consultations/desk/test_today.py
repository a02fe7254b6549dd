"""Today, the desk's first page: what to do, for whom and by when, and the appointments of the day."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, EDITOR
from clinic_site.clinic.models import Closure
from clinic_site.core.rate_limits import record_refusal
from clinic_site.mail.models import OutgoingMessage
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import numbers, queue_page, references, set_to
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, staff
from tests.mail.mail_helpers import a_message
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)  # 2 pm in Lahore
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
BACKGROUND = {"X-Background": "1"}


def today(client: Client) -> Page:
    return read(client.get(reverse("admin:index")))


def lines(page: Page, section: str) -> list[str]:
    found = [each for each in page.all("section") if each.get("aria-labelledby") == section]
    return [line.text for each in found for line in each.all("li")]


def agreed(starts_at: datetime, name: str = "Ayesha Khan", **fields: Any) -> Appointment:
    request = a_request(patient_name=name, status=Status.CONFIRMED)
    set_to(request, first_contact_at=NOW - DAY)
    return an_appointment(request, starts_at=starts_at, ends_at=starts_at + HOUR / 2, **fields)


def test_today_lists_what_to_do(at_two: Client, user: User) -> None:
    set_to(a_request(created_at=NOW - 8 * HOUR, patient_name="Hina Malik"), promised_by=NOW - HOUR)
    set_to(a_request(created_at=NOW), promised_by=NOW + HOUR, assignee=user, unread_since=NOW)
    set_to(a_request(status=Status.HELD), promised_by=NOW + 2 * DAY)
    a_request(status=Status.QUARANTINED)
    offered = set_to(a_request(status=Status.PROPOSED, patient_name="Fatima Noor"), first_contact_at=NOW)
    tomorrow = {"starts_at": NOW + DAY, "ends_at": NOW + DAY + HOUR, "made_at": NOW}
    an_appointment(offered, state="offered", patient_informed_at=None, **tomorrow)
    agreed(NOW + DAY)
    OutgoingMessage.objects.filter(pk=a_message().pk).update(failed_at=NOW)
    for _refusal in range(2):
        record_refusal("feedback from a network")
    page = today(at_two)
    assert page.heading_texts()[0] == "Wednesday 4 March"
    (late,) = lines(page, "act-now")
    assert late.startswith("Hina Malik, 34, 0301 2345678 Do not say who is calling overdue by 1 h, promised")
    assert late.endswith("Call Hina Malik")
    assert [line.split(" Do not")[0].split(", 34")[0] for line in lines(page, "due-today")] == [
        "Ayesha Khan",
        "Unread from patients: 1 Read what patients wrote",
        "Reminders to make: 1 By phone or message, the day before the appointment Start the reminders",
        "Held: 1 Many came at once from one network or phone number Check the held requests",
        "1 undelivered message Open the undelivered messages",
        "Set aside as spam: 1 Check the requests set aside",
        "Limit reached: feedback from a network 2 times since Wed 4 Mar, 2 pm",
    ]
    (not_told,) = lines(page, "not-told")
    assert "Fatima Noor" in not_told and "Thu 5 Mar, 2 pm" in not_told
    links = {link["href"] for link in page.main.all("a") if not link["href"].startswith("tel:")}
    assert len(links) > 10
    assert all(at_two.get(link).status_code == 200 for link in links)


def test_numbers_of_today_are_those_of_the_queue(at_two: Client, user: User) -> None:
    for hours in range(-3, 12):
        set_to(a_request(), promised_by=NOW + hours * HOUR, assignee=user if hours % 2 else None)
    ended = agreed(NOW - 2 * HOUR)
    page, tabs = today(at_two), numbers(queue_page(at_two))
    shown = dict(link.text.rsplit(" ", 1) for link in page.by_class("today__numbers")[0].all("a"))
    assert shown == {name: tabs[name] for name in ("Waiting", "Overdue", "Due today", "Mine")}
    assert (tabs["Overdue"], tabs["Due today"]) == ("5", "15")
    # Attendance is recorded on the day sheet.
    assert len(lines(page, "act-now")) == int(tabs["Overdue"]) - 1
    assert ended.request.reference in references(queue_page(at_two, tab="overdue"))
    assert len(lines(page, "due-today")) == int(tabs["Due today"]) - int(tabs["Overdue"])


def test_appointment_on_a_closed_day_stays_until_it_is_moved(at_two: Client) -> None:
    appointment = agreed(NOW + 2 * DAY)
    assert lines(today(at_two), "act-now") == []
    Closure.objects.create(name="Eid", starts_on=NOW + 2 * DAY, ends_on=NOW + 2 * DAY)
    for _day in range(2):
        (line,) = lines(today(at_two), "act-now")
        assert "The clinic is closed on this day. Appointment Fri 6 Mar, 2 pm" in line
    Appointment.objects.filter(pk=appointment.pk).update(starts_at=NOW + DAY, ends_at=NOW + DAY + HOUR)
    assert lines(today(at_two), "act-now") == []


def visits(page: Page) -> list[str]:
    return [row.text for table in page.by_class("sheet") for row in table.one("tbody").all("tr")]


def press(client: Client, appointment: Appointment, button: str) -> Page:
    """Press a button of the day sheet, as its form sends it."""
    form = next(
        form
        for form in today(client).main.all("form")
        if form["action"] == reverse("desk:arrival", args=[appointment.pk])
    )
    pressed = next(each for each in form.all("button") if each.text.startswith(button))
    sent = form.hidden_fields() | {pressed["name"]: pressed["value"]}
    response = client.post(pressed.get("formaction") or form["action"], sent)
    assert response["Location"] == reverse("admin:index")
    return today(client)


def test_day_sheet_records_arrival_and_attendance(at_two: Client, user: User) -> None:
    agreed(NOW - DAY, "Of Yesterday")
    early, now = agreed(NOW - HOUR / 4, "Kamran Javed"), agreed(NOW + HOUR, "Sadia Iqbal")
    assert [line.split(" 0301")[0] for line in visits(today(at_two))] == [
        "1:45 pm Kamran Javed",
        "3 pm Sadia Iqbal",
    ]
    assert "Arrived 2 pm" in visits(press(at_two, now, "Arrived"))[1]
    assert "Arrived 2 pm" not in visits(press(at_two, now, "Undo"))[1]
    press(at_two, early, "Arrived")
    assert "Seen 2 pm" in visits(press(at_two, early, "Seen"))[0]
    early.request.refresh_from_db()
    assert early.request.status == Status.COMPLETED
    kinds = Event.objects.filter(kind__in=["arrived", "not_arrived"]).values_list("kind", "actor")
    assert [*kinds] == [("arrived", user.pk), ("not_arrived", user.pk), ("arrived", user.pk)]


def test_today_says_whom_to_ask_for_wherever_a_number_is_shown(at_two: Client) -> None:
    late, visit = set_to(a_request(), promised_by=NOW - HOUR), agreed(NOW + HOUR).request
    secret = {"requester_name": "Bilal Khan", "relationship": "son", "patient_knows": "no"}
    for request, who in ((late, "yes"), (visit, "no")):
        set_to(request, for_whom="adult", may_identify_clinic=who, **secret)
    page = today(at_two)
    (call,), (meeting,) = lines(page, "act-now"), visits(page)
    ask = "Ask for Bilal Khan (son). Not for the patient, who does not know."
    assert ask in call and ask in meeting
    assert "Do not say who is calling" not in call and "Do not say who is calling" in meeting


def test_arrival_is_refused_for_another_day_and_twice(at_two: Client) -> None:
    past, today_ = agreed(NOW - DAY), agreed(NOW + HOUR)
    for appointment, expected in ((past, 0), (today_, 1), (today_, 1)):
        at_two.post(reverse("desk:arrival", args=[appointment.pk]))
        assert Event.objects.filter(kind="arrived").count() == expected


def test_patient_who_did_not_come_is_marked(at_two: Client) -> None:
    appointment = agreed(NOW - HOUR / 4)
    assert "Did not come" in visits(press(at_two, appointment, "Did not come"))[0]
    assert ConsultationRequest.objects.get().status == Status.DID_NOT_ATTEND


def test_patient_who_has_arrived_needs_no_telling_and_no_reminder(at_two: Client) -> None:
    appointment = agreed(NOW + HOUR, patient_informed_at=None, made_at=NOW - DAY)
    page = today(at_two)
    assert lines(page, "not-told") and "Reminders to make: 1" in page.main.text
    page = press(at_two, appointment, "Arrived")
    assert not lines(page, "not-told") and "Reminders to make" not in page.main.text


def test_today_without_work_says_so(at_two: Client) -> None:
    page = today(at_two)
    assert lines(page, "due-today") == ["All caught up. New requests will show here by themselves."]
    assert "No appointments today." in page.main.text


def test_today_lists_the_next_request_if_none_is_due(at_two: Client) -> None:
    for days in (3, 2, 4):
        set_to(a_request(patient_name=f"Due in {days}"), promised_by=NOW + days * DAY)
    (line,) = lines(today(at_two), "due-today")
    assert line.startswith("Due in 2, 34") and "promised by Fri 6 Mar, 2 pm" in line


def test_refresh_sends_panels_alone_and_records_nothing_new(at_two: Client) -> None:
    set_to(a_request(), promised_by=NOW - HOUR)
    agreed(NOW)
    today(at_two)
    assert Disclosure.objects.count() == 2
    at_two.post(reverse("desk:arrival", args=[0]), headers=BACKGROUND)
    page = read(at_two.get(reverse("admin:index"), headers=BACKGROUND))
    assert not page.all("html") and len(lines(page, "act-now")) == 1
    assert Disclosure.objects.count() == 2


def test_new_requests_are_counted_since_a_moment(at_two: Client, user: User) -> None:
    def counted(since: str) -> int:
        response = at_two.get(reverse("desk:new_requests"), {"since": since}, headers=BACKGROUND)
        number: int = response.json()["count"]
        return number

    opened_at = NOW.timestamp()
    a_request(created_at=NOW - HOUR)
    a_request(created_at=NOW + HOUR, status=Status.HELD)
    taken = a_request(created_at=NOW + HOUR, status=Status.CONTACTING)
    set_to(taken, channel="phone", consent="phone", taken_by=user)
    for minutes in (1, 2):
        a_request(created_at=NOW + minutes * timedelta(minutes=1))
    assert counted(f"{opened_at:.6f}") == 2
    assert counted(f"{opened_at + 90:.6f}") == 1
    assert [counted(odd) for odd in ("", "x", "-1", "9" * 20, "٣" * 10 + ".000000", "1e9999")] == [0] * 6


def test_editors_have_a_today_of_their_own(client: Client) -> None:
    a_request(patient_name="Hina Malik")
    for role in (EDITOR, CLINICAL_REVIEWER):
        client.force_login(staff(role))
        page = today(client)
        assert page.heading_texts()[1:3] == ["Reported mistakes", "Pages due for review"]
        assert "Hina Malik" not in page.source
