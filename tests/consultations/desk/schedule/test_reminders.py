"""Reminders on the day before: mailed once, or made manually by staff."""

import io
from datetime import date, timedelta
from typing import Any

import pytest
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
from consultations.lifecycle import staff_actions
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event
from consultations.phone_numbers import parse
from consultations.portal import actions
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import (
    an_agreed_time,
    at,
    given,
    open_every_day,
)
from tests.consultations.messaging.message_helpers import a_clinic
from tests.factories import a_coordinator, a_request, change_status, version_of
from tests.pages import Page, read

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


def mails() -> Any:
    return OutgoingMessage.objects.filter(kind="reminder").order_by("pk")


def mailed() -> int:
    """Send what is due; return how many mails were queued."""
    queued, failed = reminders.send_reminders()
    assert not failed
    return queued


def manual() -> list[Appointment]:
    return list(reminders.due_manually(timezone.now()))


def press(client: Client, appointment: Appointment, button: str = "done", **sent: str) -> str:
    """Press a button and return the message."""
    response = client.post(reverse(f"desk:reminder_{button}", args=[appointment.pk]), sent)
    assert (response.status_code, response["Location"]) == (303, reverse("desk:reminders"))
    return reminders_page(client).by_class("messagelist")[0].text


def reminders_page(client: Client) -> Page:
    return read(client.get(reverse("desk:reminders")))


def undo_forms(page: Page) -> list[str]:
    return [form["action"] for form in page.all("form") if form["action"].endswith("/undo/")]


def undo(client: Client, appointment: Appointment, page: Page) -> str:
    """Press the only undo button of a page and return the message."""
    assert undo_forms(page) == [reverse("desk:reminder_undo", args=[appointment.pk])]
    return press(client, appointment, "undo", reminded_at=page.hidden_fields()["reminded_at"])


def test_reminder_is_mailed_once_on_day_before() -> None:
    tomorrow = an_agreed_time(at(0, days=1), **BY_EMAIL)
    last = an_agreed_time(at(23, 30, days=1), **BY_EMAIL)
    an_agreed_time(at(0, days=2), **BY_EMAIL)
    an_agreed_time(at(12, days=1))  # wants a call
    given(a_request(**BY_EMAIL), tomorrow.practitioner, at(13, days=1))  # has not agreed
    for _run in range(2):
        call_command("remind", stdout=io.StringIO())
    assert [mail.about for mail in mails()] == [tomorrow.request.reference, last.request.reference]
    event = Event.objects.get(kind=Event.Kind.REMINDED, request=tomorrow.request)
    assert (event.actor, event.detail) == (None, {"appointment": tomorrow.pk, "by": "email"})
    tomorrow.refresh_from_db()
    assert tomorrow.reminded_at == event.at


def test_reminders_are_mailed_from_8_am_at_clinic_until_the_start(clock: Any) -> None:
    an_agreed_time(at(0, 30, days=2), **BY_EMAIL)
    missed = an_agreed_time(at(15, days=1), **BY_EMAIL)
    past = an_agreed_time(at(12, days=1), **BY_EMAIL)
    Appointment.objects.filter(pk=past.pk).update(starts_at=at(6, days=1))
    clock.move_to("2026-11-23T19:30:00Z")  # half past midnight on Tuesday, in Lahore
    assert mailed() == 0
    clock.move_to("2026-11-24T03:00:00Z")  # 8 am
    assert mailed() == 2
    assert missed.request.reference in [mail.about for mail in mails()]


def test_canceled_and_erased_get_no_reminder_and_new_appointment_does() -> None:
    canceled, erased, moved = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11, 12))
    change_status(canceled.request, Status.CONTACTING)
    as_erased(erased.request)
    assert mailed() == 1
    assert manual() == []
    given(moved.request, moved.practitioner, at(15, days=1), agreed=True)
    assert mailed() == 1


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
    assert [mail.about for mail in mails()] == [fine.request.reference]
    assert not Event.objects.filter(kind=Event.Kind.REMINDED, request=broken.request).exists()
    assert mailed() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_commands_remind_once() -> None:
    an_agreed_time(at(10, days=1), **BY_EMAIL)
    now = timezone.now()
    assert sum(in_threads(*[lambda: reminders.send_reminders(now)[0]] * 6)) == 1
    assert mails().count() == 1
    assert Event.objects.filter(kind=Event.Kind.REMINDED).count() == 1


def test_manual_list_covers_next_open_day() -> None:
    today, tomorrow, friday = (an_agreed_time(at(15, days=days)) for days in (0, 1, 4))
    an_agreed_time(at(10, days=5))
    assert manual() == [today, tomorrow]  # without opening hours
    open_every_day()
    OpeningHours.objects.filter(weekday=1).delete()  # Tuesdays
    Closure.objects.create(name="Eid", starts_on=date(2026, 11, 25), ends_on=date(2026, 11, 26))
    assert manual() == [today, tomorrow, friday]


def test_staff_remind_email_patients_while_mail_is_off(settings: Any) -> None:
    appointment = an_agreed_time(at(10, days=1), **BY_EMAIL)
    assert manual() == []
    settings.MAIL_DELIVERY = "off"
    assert manual() == [appointment]
    assert mailed() == 0
    assert [call.channels for call in reminders.manual_reminders(manual(), business_hours.load())] == [()]


WAYS: list[tuple[dict[str, str], str]] = [
    ({"contact_method": "call"}, "Call"),
    ({"contact_method": "sms"}, "SMS"),
    ({"contact_method": "whatsapp"}, "Send by WhatsApp"),
    ({"contact_method": "any"}, "Send by WhatsApp"),
    # Landlines get no messages.
    ({"contact_method": "sms", "phone": "+924235761999"}, "Call"),
]


def test_way_to_remind_follows_contact_method(coordinator: Client) -> None:
    for hour, (chosen, _way) in enumerate(WAYS, start=10):
        an_agreed_time(at(hour, days=1), **chosen)
    rows = reminders_page(coordinator).by_class("reminder")
    for row, (chosen, way) in zip(rows, WAYS, strict=True):
        sends = row.by_class("tell__send")
        assert (sends[0].all("button")[0].text if sends else "Call") == way, chosen


def test_opened_reminder_is_no_reminder_until_confirmed(coordinator: Client) -> None:
    a_clinic()
    appointment = an_agreed_time(at(10, days=1), contact_method="any", may_identify_clinic="yes")
    version = str(version_of(appointment.request))
    there = reverse("desk:reminder_text", args=[appointment.pk])
    for _press in range(2):
        response = coordinator.post(there, {"version": version, "channel": "whatsapp"})
        assert response["Refresh"].startswith("0; url=https://wa.me/923012345678?text=Reminder%20from%20")
    assert Event.objects.filter(kind=Event.Kind.MESSAGE_OPENED).count() == 1
    assert "Opened at 11 am, not confirmed." in reminders_page(coordinator).one("main").text
    assert manual() == [appointment]
    assert ": not sent." in press(coordinator, appointment, sent="no")
    assert "not confirmed" not in reminders_page(coordinator).one("main").text
    assert ": reminded." in press(coordinator, appointment)
    assert manual() == []
    for stale in ({"version": "0", "channel": "whatsapp"}, {"version": version, "channel": "fax"}, {}):
        assert coordinator.post(there, stale)["Location"] == reverse("desk:reminders")
    assert Event.objects.filter(kind=Event.Kind.MESSAGE_OPENED).count() == 1


def test_reminder_text_names_clinic_only_if_allowed(coordinator: Client) -> None:
    a_clinic()
    for may, says in (("yes", "Canal Clinic"), ("no", "the office you contacted")):
        appointment = an_agreed_time(
            at(10, days=1), contact_method="sms", may_identify_clinic=may, message="My thumb."
        )
        text = reminders_page(coordinator).one("main").text
        assert f"Reminder from {says}: your appointment is on Tuesday 24 November, 10 am" in text
        assert ("Do not say who is calling" in text) is (may == "no")
        assert appointment.request.reference in text and "thumb" not in text
        press(coordinator, appointment)
        Appointment.objects.all().delete()


def test_done_removes_reminder_and_undo_puts_it_back_once(coordinator: Client, clock: Any) -> None:
    appointment = an_agreed_time(at(10, days=1))
    assert ": reminded." in press(coordinator, appointment)
    assert "already reminded" in press(coordinator, appointment)
    event = Event.objects.get(kind=Event.Kind.REMINDED)
    assert (event.actor, event.detail["by"]) == (a_coordinator(), "call")
    page = reminders_page(coordinator)
    assert not page.all("a", href="tel:+923012345678")
    assert "Reminded today" in page.one("main").text
    assert "back on the list" in undo(coordinator, appointment, page)
    assert manual() == [appointment]
    event = Event.objects.get(kind=Event.Kind.NOT_REMINDED)
    assert (event.actor, event.detail) == (a_coordinator(), {"appointment": appointment.pk})
    assert "nothing was changed" in undo(coordinator, appointment, page)
    clock.shift(60)
    press(coordinator, appointment)
    # The newer mark stays.
    assert "nothing was changed" in undo(coordinator, appointment, page)
    assert manual() == []
    assert Event.objects.filter(kind=Event.Kind.NOT_REMINDED).count() == 1


def test_hostile_addresses_and_times_change_nothing(coordinator: Client, clock: Any) -> None:
    appointment = an_agreed_time(at(10, days=1))
    for button in ("done", "undo"):
        assert coordinator.get(reverse(f"desk:reminder_{button}", args=[appointment.pk])).status_code == 405
        assert coordinator.post(reverse(f"desk:reminder_{button}", args=[99999999])).status_code == 404
    assert coordinator.post(reverse("desk:reminders") + f"{'9' * 40}/done/").status_code == 404
    clock.shift(60)
    press(coordinator, appointment)
    for sent in (
        *("", "x", "\x00", "9" * 5000, "2026-11-23T06:00:00+00:00"),
        *("0001-01-01T00:00Z", "0001-01-01T00:00+05:00", "9999-12-31T23:59:59-05:00", "9999-12-31T23:59"),
    ):
        assert "nothing was changed" in press(coordinator, appointment, "undo", reminded_at=sent), sent
    assert manual() == []


def test_late_mail_puts_patient_on_manual_list(coordinator: Client, clock: Any) -> None:
    late, sent = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11))
    mailed()
    mails().filter(about=sent.request.reference).update(sent_at=timezone.now())
    clock.shift(timedelta(minutes=59))
    assert manual() == []
    clock.shift(timedelta(minutes=2))
    assert manual() == [late]
    coordinator.force_login(a_coordinator())
    page = reminders_page(coordinator)
    assert page.all("a", href="tel:+923012345678")
    assert "The reminder email was not sent. Call." in page.one("main").text
    assert len(page.all("a", href=reverse("desk:request", args=[late.request_id]))) == 1
    assert not undo_forms(page)  # a sent mail cannot be undone
    assert sent.request.reference in page.one("main").text
    press(coordinator, late)
    press(coordinator, late)
    assert manual() == [] and mailed() == 0
    event = Event.objects.get(kind=Event.Kind.REMINDED, actor=a_coordinator())
    assert event.detail["by"] == "call"
    assert "back on the list" in undo(coordinator, late, reminders_page(coordinator))
    assert manual() == [late]
    mails().update(sent_at=timezone.now())
    assert manual() == [] and mailed() == 0


def test_failed_mail_is_reminded_manually_until_resolved(coordinator: Client, clock: Any) -> None:
    settled, resent = (an_agreed_time(at(hour, days=1), **BY_EMAIL) for hour in (10, 11))
    mailed()
    mails().update(failed_at=timezone.now(), last_error="550")
    assert manual() == [settled, resent]
    for appointment in (settled, resent):
        clock.shift(60)
        press(coordinator, appointment)
        page = reminders_page(coordinator)
        if appointment == settled:
            mail = mails().get(about=settled.request.reference)
            assert mail_queue.mark_resolved(mail, actor=a_coordinator())
        else:
            mails().filter(about=resent.request.reference).update(failed_at=None, sent_at=timezone.now())
        assert "back on the list" in undo(coordinator, appointment, page)
    for _day_part in range(2):
        assert manual() == [settled] and mailed() == 0
        clock.shift(timedelta(hours=2))
    coordinator.force_login(a_coordinator())
    assert "will be reminded by email" not in reminders_page(coordinator).one("main").text
    press(coordinator, settled)
    assert manual() == []
    # A new time is mailed.
    given(settled.request, settled.practitioner, at(15, days=1), agreed=True)
    assert manual() == [] and mailed() == 1


def test_undo_ignores_mail_about_former_time(coordinator: Client, clock: Any) -> None:
    first = an_agreed_time(at(10, days=1), **BY_EMAIL)
    mailed()
    mails().update(sent_at=timezone.now())
    clock.shift(60)
    moved = given(first.request, first.practitioner, at(15, days=1), agreed=True)
    press(coordinator, moved)
    assert "back on the list" in undo(coordinator, moved, reminders_page(coordinator))
    assert mailed() == 1


def test_manual_list_marks_wrong_numbers(coordinator: Client) -> None:
    marked = an_agreed_time(at(10, days=1))
    an_agreed_time(at(11, days=1))
    staff_actions.record_contact(
        marked.request, "wrong_number", actor=a_coordinator(), version=version_of(marked.request)
    )
    wrong = "Wrong number, recorded on Mon 23 Nov 2026. Correct it first."
    items = [item.text for item in reminders_page(coordinator).by_class("reminder")]
    assert [wrong in item for item in items] == [True, False]
    actions.change_contact_details(marked.request, parse("0321 7654987").fields())
    assert wrong not in reminders_page(coordinator).one("main").text


def test_manual_list_writes_audit_log(coordinator: Client) -> None:
    appointments = [an_agreed_time(at(hour, days=1)) for hour in (10, 11)]
    reminders_page(coordinator)
    rows = Disclosure.objects.values_list("request", "kind")
    assert set(rows) == {(each.request_id, Disclosure.Kind.LISTED) for each in appointments}
