"""A patient chooses one of several offered times; an agreed time is kept until another is agreed."""

import io
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.roles import MANAGER
from clinic_site.mail.models import OutgoingMessage
from consultations.appointments.offers import HOLD, release_expired_choices
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import booking, staff_actions
from consultations.lifecycle.errors import NotAllowedError, TimeTakenError
from consultations.models import Appointment, ConsultationRequest, Event, TakenSlot
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.portal.portal_pages import PrivatePage, at_ten
from tests.factories import a_coordinator, change_status, signed_in

pytestmark = pytest.mark.django_db

State = Appointment.State


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    """A Monday, 11 am in Lahore."""
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as traveler:
        yield traveler


def buttons(patient: PrivatePage, action: str = "") -> dict[str, str]:
    """The times that may be chosen, as the texts of their buttons."""
    found = patient.opens(action).all("button", name="appointment")
    return {button["value"]: button.text for button in found}


def states(patient: PrivatePage) -> list[str]:
    return list(patient.request.appointments.order_by("starts_at", "pk").values_list("state", flat=True))


def test_patient_chooses_one_of_three_with_one_press() -> None:
    patient = PrivatePage(contact_method="email", email="a@example.com")
    patient.is_offered(5, 3, 4)
    assert states(patient) == [State.OFFERED, State.HELD, State.HELD]
    assert patient.now().status == Status.PROPOSED
    page = patient.opens()
    assert "Which time works for you?" in page.one("main").text
    assert "We’re holding these times for you until Tuesday 24 November, 11 am." in page.one("main").text
    mail = OutgoingMessage.objects.get(kind="appointment_offered").text
    times = [f"{day} November, 10 am" for day in ("Thursday 26", "Friday 27", "Saturday 28")]
    assert "\n".join(times) in mail and "hold this offer for you until Tuesday 24 November" in mail
    chosen = list(buttons(patient))[1]
    assert list(buttons(patient).values()) == times
    for _press in range(2):
        patient.sends("time", appointment=chosen)
        assert "Your appointment is confirmed." in patient.is_led_back().one("main").text
    assert states(patient) == [State.CANCELED, State.AGREED, State.CANCELED]
    agreed = patient.request.appointments.get(state=State.AGREED)
    assert agreed.starts_at == at_ten(4) and agreed.sequence == 4  # later than those canceled
    assert set(TakenSlot.objects.values_list("appointment", flat=True)) == {agreed.pk}
    assert patient.now().status == Status.CONFIRMED
    assert OutgoingMessage.objects.filter(kind="appointment_agreed").count() == 1
    assert "Friday 27 November" in OutgoingMessage.objects.get(kind="appointment_agreed").text
    desk = Desk(patient.request, a_coordinator())
    desk.opens()
    assert desk.timeline().count("Time released because another was chosen") == 2
    assert "Time canceled" not in desk.timeline()


def test_agreed_time_is_kept_until_another_is_chosen() -> None:
    patient = PrivatePage(contact_method="email", email="a@example.com")
    agreed = patient.is_offered(7, agreed=True)
    patient.fills_in("other-time", words="Rather this week.")
    assert "you’ll keep your appointment" in patient.is_led_back().one("main").text
    assert patient.now().call_back_at == timezone.now() and patient.now().unread_since
    patient.is_offered(3, 4)
    assert states(patient) == [State.HELD, State.HELD, State.AGREED]
    assert (patient.now().status, patient.now().call_back_at) == (Status.CONFIRMED, None)
    # The mail about the agreed time is still to be sent.
    waiting = OutgoingMessage.objects.waiting().values_list("kind", flat=True)
    assert {"appointment_agreed", "appointment_offered"} <= set(waiting)
    assert "You’ll keep your appointment until you choose another time." in patient.opens().one("main").text
    with pytest.raises(TimeTakenError):
        PrivatePage().is_offered(7)
    patient.sends("time", appointment=next(iter(buttons(patient))))
    patient.is_led_back()
    assert states(patient) == [State.AGREED, State.CANCELED, State.CANCELED]
    assert not agreed.taken.exists()
    assert not OutgoingMessage.objects.filter(kind="appointment_canceled").exists()


def test_appointment_that_has_begun_is_not_replaced(clock: Any) -> None:
    patient = PrivatePage(contact_method="email", email="a@example.com")
    patient.is_offered(1, agreed=True)
    patient.is_offered(3)
    (choice,) = buttons(patient)
    clock.shift(timedelta(hours=23, minutes=30))  # held for half an hour more
    assert not buttons(patient) and not buttons(patient, "time")
    patient.sends("time", appointment=choice)
    assert states(patient) == [State.AGREED, State.HELD]


def test_another_time_is_asked_for_once_until_staff_answer() -> None:
    patient = PrivatePage()
    patient.is_offered(7, agreed=True)
    for number in range(MAX_NOTES_PER_REQUEST + 2):
        patient.fills_in("other-time", words=f"Rather on day {number}.")
    assert patient.request.events.filter(kind=Event.Kind.TIME_REFUSED).count() == 1
    assert patient.request.notes.count() == MAX_NOTES_PER_REQUEST
    contact = {"actor": a_coordinator(), "version": patient.now().version}
    staff_actions.record_contact(patient.now(), "no_answer", **contact)
    patient.fills_in("other-time")
    assert patient.request.events.filter(kind=Event.Kind.TIME_REFUSED).count() == 2


def test_refused_choices_are_freed_and_the_agreed_time_stays() -> None:
    for is_agreed, status in ((True, Status.CONFIRMED), (False, Status.CONTACTING)):
        patient = PrivatePage()
        if is_agreed:
            patient.is_offered(7, agreed=True)
        patient.is_offered(3, 4)
        patient.fills_in("other-time")
        patient.is_led_back()
        assert states(patient) == [State.CANCELED, State.CANCELED, *[State.AGREED] * is_agreed]
        assert patient.now().status == status


def test_times_are_held_for_a_day_or_until_the_first_begins(clock: Any) -> None:
    waits, has_agreed, soon = PrivatePage(), PrivatePage(), PrivatePage()
    waits.is_offered(3, 4)
    has_agreed.is_offered(7, agreed=True)
    has_agreed.is_offered(5, 6)
    soon.is_offered(1, 2)
    assert set(soon.request.appointments.values_list("held_until", flat=True)) == {at_ten(1)}
    old = next(iter(buttons(waits)))
    release_expired_choices()
    assert states(waits) == [State.OFFERED, State.HELD]
    clock.shift(HOLD)
    assert "we’re no longer holding it." in waits.opens().one("main").text and not buttons(waits)
    assert "not holding any other time" in has_agreed.opens("time").one("main").text
    page = waits.opens("time")
    assert "We’re no longer holding the time we offered." in page.one("main").text
    assert page.all("a", href="../other-time/") and not page.all("form")
    waits.sends("time", appointment=old)
    assert waits.response.status_code == 409
    for _run in range(2):  # no mail worker is needed
        call_command("remind", stdout=io.StringIO())
    assert states(waits) == [State.CANCELED] * 2
    assert (waits.now().status, waits.now().call_back_at) == (Status.CONTACTING, timezone.now())
    user = a_coordinator()
    for patient, count in ((waits, 3), (has_agreed, 2)):
        desk = Desk(patient.request, user)
        desk.opens()
        assert desk.timeline().count("by the site") == count
    assert states(has_agreed) == [State.CANCELED, State.CANCELED, State.AGREED]
    assert has_agreed.now().status == Status.CONFIRMED
    # An offer that has begun without an answer stays for the staff to see.
    assert states(soon) == [State.OFFERED, State.CANCELED]
    PrivatePage().is_offered(2, 3)


def test_times_offered_while_expired_ones_are_freed_stay(clock: Any, monkeypatch: Any) -> None:
    patient = PrivatePage()
    patient.is_offered(7, agreed=True)
    patient.is_offered(3, 4)
    clock.shift(HOLD)
    lock = ConsultationRequest.objects.select_for_update

    def offers_first() -> Any:
        monkeypatch.undo()
        patient.is_offered(4, 5)
        return lock()

    monkeypatch.setattr(ConsultationRequest.objects, "select_for_update", offers_first)
    release_expired_choices()
    assert states(patient).count(State.HELD) == 2


def test_one_time_is_held_until_it_begins(clock: Any) -> None:
    patient = PrivatePage()
    patient.is_offered(3)
    clock.shift(timedelta(days=2))
    release_expired_choices()
    assert "Does this time work for you?" in patient.opens().one("main").text
    assert "holding" not in patient.opens().one("main").text
    assert len(buttons(patient)) == 1


def test_staff_agree_on_one_of_several_times_in_the_picker() -> None:
    patient = PrivatePage()
    patient.is_offered(3, 4)
    with pytest.raises(NotAllowedError):
        change_status(patient.now(), Status.CONFIRMED)
    page = signed_in(MANAGER).get(reverse("desk:request", args=[patient.request.pk])).content.decode()
    assert "?to=confirmed" in page and "Friday 27 November, 10 am" in page
    patient.is_offered(4, agreed=True)
    assert states(patient) == [State.CANCELED, State.CANCELED, State.AGREED]


def test_patient_who_agreed_is_informed_when_the_offer_comes_back(clock: Any) -> None:
    patient = PrivatePage(contact_method="email", email="a@example.com")
    offered = patient.is_offered(3)
    mail = OutgoingMessage.objects.get(kind="appointment_offered")
    mail.sent_at = timezone.now()
    booking.record_reader_informed(OutgoingMessage, mail)
    clock.shift(timedelta(minutes=5))
    patient.sends("time", appointment=offered.pk)
    booking.record_reader_not_informed(OutgoingMessage, mail)
    assert patient.request.appointments.get().patient_informed_at == timezone.now()


def test_choice_of_another_request_is_refused() -> None:
    patient, other = PrivatePage(), PrivatePage()
    patient.is_offered(3)
    theirs = other.is_offered(4)
    for wrong in (theirs.pk, 0, "x", "", "9" * 300, "\x00"):
        patient.sends("time", appointment=wrong)
        assert patient.response.status_code == 409, wrong
    assert states(patient) == states(other) == [State.OFFERED]
