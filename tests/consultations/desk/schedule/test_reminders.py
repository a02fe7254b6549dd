"""Reminders on the day before: mailed once, or made manually by staff."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import Closure, OpeningHours
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations.appointments import reminders
from consultations.lifecycle import staff_actions, status_changes
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event
from consultations.phone_numbers import parse
from consultations.portal import actions
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.desk.schedule.calendar_helpers import (
    a_coordinator,
    an_agreed_time,
    at,
    given,
    open_every_day,
)
from tests.consultations.form_pages import Page
from tests.consultations.messaging.message_helpers import a_clinic
from tests.factories import a_request, a_reviewer, version_of

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


@pytest.fixture(autouse=True)
def clock(request: pytest.FixtureRequest) -> Any:
    """A Monday, 11 am in Lahore."""
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


def reminded_by_mail() -> list[str]:
    mails = OutgoingMessage.objects.filter(kind="reminder").order_by("pk")
    return list(mails.values_list("about", flat=True))


def manual() -> list[Appointment]:
    return list(reminders.due_manually(timezone.now()))


def test_reminder_is_mailed_once_on_day_before() -> None:
    tomorrow = an_agreed_time(at(0, days=1), **BY_EMAIL)
    last = an_agreed_time(at(23, 30, days=1), **BY_EMAIL)
    an_agreed_time(at(0, days=2), **BY_EMAIL)
    an_agreed_time(at(12, days=1))  # wants a call
    given(a_request(**BY_EMAIL), tomorrow.practitioner, at(13, days=1))  # has not agreed
    for _run in range(2):
        call_command("remind", stdout=io.StringIO())
    assert reminded_by_mail() == [tomorrow.request.reference, last.request.reference]
    event = Event.objects.get(kind=Event.Kind.REMINDED, request=tomorrow.request)
    assert (event.actor, event.detail) == (None, {"appointment": tomorrow.pk, "by": "email"})
    tomorrow.refresh_from_db()
    assert tomorrow.reminded_at == event.at


def test_reminders_are_mailed_from_8_am_at_clinic(clock: Any) -> None:
    an_agreed_time(at(0, 30, days=2), **BY_EMAIL)
    clock.move_to("2026-11-23T19:30:00Z")  # half past midnight on Tuesday, in Lahore
    assert reminders.send_reminders().queued == 0
    clock.move_to("2026-11-24T03:00:00Z")  # 8 am
    assert reminders.send_reminders().queued == 1


def test_missed_reminder_is_mailed_same_day_before_start() -> None:
    an_agreed_time(at(15, days=0), **BY_EMAIL)
    past = an_agreed_time(at(12, days=0), **BY_EMAIL)
    Appointment.objects.filter(pk=past.pk).update(starts_at=at(9, days=0))
    assert reminders.send_reminders().queued == 1


def test_canceled_and_erased_get_no_reminder() -> None:
    canceled, erased = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11))
    canceled.request.refresh_from_db()
    status_changes.change_status(
        canceled.request, Status.CONTACTING, actor=a_coordinator(), expected_status=Status.CONFIRMED
    )
    nobody = {"patient_name": "", "requester_name": "", "phone": "", "email": "", "patient_age": None}
    ConsultationRequest.objects.filter(pk=erased.request_id).update(erased_at=timezone.now(), **nobody)
    assert reminders.send_reminders().queued == 0
    assert manual() == []


def test_new_appointment_is_reminded_again() -> None:
    first = an_agreed_time(at(10, days=1), **BY_EMAIL)
    reminders.send_reminders()
    given(first.request, first.practitioner, at(15, days=1), agreed=True)
    assert reminders.send_reminders().queued == 1


def test_failed_reminder_is_retried_and_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, fine = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11))
    queue = reminders.queue_message

    def fails(kind: str, request: ConsultationRequest, *, appointment: Appointment) -> None:
        if appointment == broken:
            raise OSError("the disk is full")
        queue(kind, request, appointment=appointment)

    with monkeypatch.context() as patch:
        patch.setattr(reminders, "queue_message", fails)
        with pytest.raises(CommandError, match="1"):
            call_command("remind", stdout=io.StringIO())
    assert reminded_by_mail() == [fine.request.reference]
    assert not Event.objects.filter(kind=Event.Kind.REMINDED, request=broken.request).exists()
    assert reminders.send_reminders().queued == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_commands_remind_once() -> None:
    an_agreed_time(at(10, days=1), **BY_EMAIL)
    now = timezone.now()
    assert sum(in_threads(*[lambda: reminders.send_reminders(now).queued] * 6)) == 1
    assert len(reminded_by_mail()) == 1
    assert Event.objects.filter(kind=Event.Kind.REMINDED).count() == 1


def test_manual_list_covers_next_open_day() -> None:
    open_every_day()
    OpeningHours.objects.filter(weekday=1).delete()  # Tuesdays
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 26))
    today, friday = an_agreed_time(at(15, days=0)), an_agreed_time(at(10, days=4))
    an_agreed_time(at(10, days=5))
    assert manual() == [today, friday]


def test_manual_list_covers_next_day_without_hours() -> None:
    tomorrow = an_agreed_time(at(10, days=1))
    an_agreed_time(at(10, days=2))
    assert manual() == [tomorrow]


def test_staff_remind_email_patients_while_mail_is_off(settings: Any) -> None:
    appointment = an_agreed_time(at(10, days=1), **BY_EMAIL)
    assert manual() == []
    settings.MAIL_DELIVERY = "off"
    assert manual() == [appointment]
    assert reminders.send_reminders().queued == 0
    assert [call.how for call in reminders.manual_reminders(manual(), business_hours.load())] == ["call"]


@pytest.mark.parametrize(
    ("chosen", "begins"),
    [
        ({"contact_method": "call"}, "tel:+923012345678"),
        ({"contact_method": "sms"}, "sms:+923012345678?body=A%20reminder%20from%20"),
        ({"contact_method": "whatsapp"}, "https://wa.me/923012345678?text=A%20reminder%20from%20"),
        ({"contact_method": "whatsapp", "whatsapp": "+923331234567"}, "https://wa.me/923331234567?text="),
        # Landlines get no messages.
        ({"contact_method": "sms", "phone": "+924235761999"}, "tel:+924235761999"),
        ({"contact_method": "whatsapp", "phone": "+924235761999"}, "tel:+924235761999"),
    ],
)
def test_reminder_link_follows_contact_method(chosen: dict[str, str], begins: str) -> None:
    a_clinic()
    (call,) = reminders.manual_reminders([an_agreed_time(at(10, days=1), **chosen)], business_hours.load())
    assert call.href.startswith(begins)


@pytest.mark.parametrize(("may", "says"), [("yes", "Canal Clinic"), ("no", "the office you wrote to")])
def test_reminder_text_names_clinic_only_if_allowed(client: Client, may: str, says: str) -> None:
    a_clinic()
    appointment = an_agreed_time(
        at(10, days=1), contact_method="sms", may_identify_clinic=may, message="My thumb."
    )
    client.force_login(a_coordinator())
    text = Page(client.get(reverse("desk:reminders"))).one("main").text
    assert f"A reminder from {says}: your appointment is on Tuesday 24 November 2026, 10 am" in text
    assert ("Do not say who is calling" in text) is (may == "no")
    assert appointment.request.reference in text and "thumb" not in text


def test_done_removes_reminder_and_writes_event(client: Client) -> None:
    appointment = an_agreed_time(at(10, days=1))
    client.force_login(a_coordinator())
    address = reverse("desk:reminder_done", args=[appointment.pk])
    for _press in range(2):
        response = client.post(address)
        assert (response.status_code, response["Location"]) == (303, reverse("desk:reminders"))
    event = Event.objects.get(kind=Event.Kind.REMINDED)
    assert (event.actor, event.detail["by"]) == (a_coordinator(), "call")
    page = Page(client.get(reverse("desk:reminders")))
    assert not page.all("a", href="tel:+923012345678")
    assert "Reminded today" in page.one("main").text
    assert client.get(address).status_code == 405
    assert client.post(reverse("desk:reminder_done", args=[99999999])).status_code == 404
    assert client.post(reverse("desk:reminders") + f"{'9' * 40}/done/").status_code == 404


def reminders_page(client: Client) -> Page:
    return Page(client.get(reverse("desk:reminders")))


def undo(client: Client, page: Page) -> str:
    """Press the only undo button and return the message."""
    (form,) = [form for form in page.all("form") if form["action"].endswith("/undo/")]
    response = client.post(form["action"], {"reminded_at": page.hidden_fields()["reminded_at"]})
    assert (response.status_code, response["Location"]) == (303, reverse("desk:reminders"))
    return reminders_page(client).by_class("messagelist")[0].text


def test_undo_puts_reminder_back_once(client: Client) -> None:
    appointment = an_agreed_time(at(10, days=1))
    client.force_login(a_coordinator())
    client.post(reverse("desk:reminder_done", args=[appointment.pk]))
    page = reminders_page(client)
    assert "back on the list" in undo(client, page)
    assert manual() == [appointment]
    event = Event.objects.get(kind=Event.Kind.NOT_REMINDED)
    assert (event.actor, event.detail) == (a_coordinator(), {"appointment": appointment.pk})
    assert "nothing was changed" in undo(client, page)
    assert Event.objects.filter(kind=Event.Kind.NOT_REMINDED).count() == 1


def test_undo_leaves_newer_mark_of_colleague(client: Client, clock: Any) -> None:
    appointment = an_agreed_time(at(10, days=1))
    client.force_login(a_coordinator())
    address = reverse("desk:reminder_done", args=[appointment.pk])
    client.post(address)
    old = reminders_page(client)
    undo(client, old)
    clock.shift(60)
    client.post(address)
    assert "nothing was changed" in undo(client, old)
    assert manual() == []


@pytest.mark.parametrize(
    "sent",
    [
        *("", "x", "\x00", "9" * 5000, "2026-11-23T06:00:00+00:00"),
        *("0001-01-01T00:00Z", "0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59"),
    ],
)
def test_undo_ignores_other_times(client: Client, clock: Any, sent: str) -> None:
    appointment = an_agreed_time(at(10, days=1))
    clock.shift(60)
    client.force_login(a_coordinator())
    client.post(reverse("desk:reminder_done", args=[appointment.pk]))
    address = reverse("desk:reminder_undo", args=[appointment.pk])
    assert client.post(address, {"reminded_at": sent}).status_code == 303
    assert client.get(address).status_code == 405
    assert client.post(reverse("desk:reminder_undo", args=[99999999])).status_code == 404
    assert manual() == []


def test_sent_mail_cannot_be_undone(client: Client) -> None:
    an_agreed_time(at(10, days=1), **BY_EMAIL)
    reminders.send_reminders()
    OutgoingMessage.objects.update(sent_at=timezone.now())
    client.force_login(a_coordinator())
    page = reminders_page(client)
    assert "Reminded today" in page.one("main").text
    assert not [form for form in page.all("form") if form["action"].endswith("/undo/")]


def test_late_mail_puts_patient_on_manual_list(client: Client, clock: Any) -> None:
    late, sent = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11))
    reminders.send_reminders()
    OutgoingMessage.objects.filter(about=sent.request.reference).update(sent_at=timezone.now())
    clock.shift(timedelta(minutes=59))
    assert manual() == []
    clock.shift(timedelta(minutes=2))
    assert manual() == [late]
    client.force_login(a_coordinator())
    page = reminders_page(client)
    assert page.all("a", href="tel:+923012345678")
    assert "The reminder email was not sent. Call the patient." in page.one("main").text
    assert page.one("main").text.count(late.request.reference) == 1 + 1  # in its line, and on its button
    for _press in range(2):
        client.post(reverse("desk:reminder_done", args=[late.pk]))
    assert manual() == []
    assert reminders.send_reminders().queued == 0
    event = Event.objects.get(kind=Event.Kind.REMINDED, actor=a_coordinator())
    assert event.detail["by"] == "call"
    assert "back on the list" in undo(client, reminders_page(client))
    assert manual() == [late]
    OutgoingMessage.objects.update(sent_at=timezone.now())
    assert manual() == []
    assert reminders.send_reminders().queued == 0


def test_failed_mail_puts_patient_on_manual_list() -> None:
    appointment = an_agreed_time(at(10, days=1), **BY_EMAIL)
    reminders.send_reminders()
    OutgoingMessage.objects.filter(kind="reminder").update(failed_at=timezone.now(), last_error="550")
    assert manual() == [appointment]


@pytest.mark.parametrize("becomes", ["settled", "sent"])
def test_undo_after_failed_mail_was_resolved(client: Client, clock: Any, becomes: str) -> None:
    appointment = an_agreed_time(at(10, days=1), **BY_EMAIL)
    reminders.send_reminders()
    mail = OutgoingMessage.objects.filter(kind="reminder")
    mail.update(failed_at=timezone.now(), last_error="550")
    client.force_login(a_coordinator())
    clock.shift(60)
    client.post(reverse("desk:reminder_done", args=[appointment.pk]))
    if becomes == "settled":
        assert mail_queue.mark_resolved(mail.get(), actor=a_coordinator())
    else:
        mail.update(failed_at=None, sent_at=timezone.now())
    assert "back on the list" in undo(client, reminders_page(client))
    is_called = [appointment] if becomes == "settled" else []
    assert manual() == is_called
    clock.shift(timedelta(hours=2))
    client.force_login(a_coordinator())
    assert reminders.send_reminders().queued == 0
    assert manual() == is_called
    assert "still to be reminded by mail" not in reminders_page(client).one("main").text
    if is_called:
        client.post(reverse("desk:reminder_done", args=[appointment.pk]))
        assert manual() == []


def test_new_appointment_is_mailed_after_failed_mail() -> None:
    first = an_agreed_time(at(10, days=1), **BY_EMAIL)
    reminders.send_reminders()
    mail = OutgoingMessage.objects.filter(kind="reminder")
    mail.update(failed_at=timezone.now(), last_error="550")
    mail_queue.mark_resolved(mail.get(), actor=a_coordinator())
    with time_machine.travel(timezone.now() + timedelta(minutes=1), tick=False):
        given(first.request, first.practitioner, at(15, days=1), agreed=True)
        assert manual() == []
        assert reminders.send_reminders().queued == 1


def test_manual_list_marks_wrong_numbers(client: Client) -> None:
    marked = an_agreed_time(at(10, days=1))
    an_agreed_time(at(11, days=1))
    staff_actions.record_contact(
        marked.request, "wrong_number", actor=a_coordinator(), version=version_of(marked.request)
    )
    client.force_login(a_coordinator())
    wrong = "Wrong number, recorded on Monday 23 November 2026. Correct it first."
    items = [item.text for item in reminders_page(client).by_class("reminder")]
    assert [wrong in item for item in items] == [True, False]
    actions.correct_phone(marked.request, parse("0321 7654987"))
    assert wrong not in reminders_page(client).one("main").text


def test_manual_list_writes_audit_log(client: Client) -> None:
    appointment = an_agreed_time(at(10, days=1))
    client.force_login(a_coordinator())
    client.get(reverse("desk:reminders"))
    row = Disclosure.objects.get()
    assert (row.request, row.kind) == (appointment.request, Disclosure.Kind.LISTED)


def test_manual_list_queries_do_not_grow(client: Client, django_assert_max_num_queries: Any) -> None:
    a_reviewer()
    for number in range(6):
        an_agreed_time(at(9, days=1) + timedelta(minutes=30 * number), contact_method="sms")
    client.force_login(a_coordinator())
    client.get("/staff/")
    with django_assert_max_num_queries(15):
        client.get(reverse("desk:reminders"))
