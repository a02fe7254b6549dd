"""Contact attempts: each recorded once, and a patient who was not reached is called again."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from consultations.models import ConsultationRequest, Event, Note
from consultations.phone_numbers import parse
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import SOMEONE_ELSE, Desk, with_files
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.factories import a_request

pytestmark = pytest.mark.django_db


def test_attempt_is_recorded_and_called_back_the_next_morning(desk: Desk) -> None:
    open_every_day()
    tomorrow = timezone.localdate() + timedelta(days=1)
    outcomes = {
        "no_answer": "No answer",
        "spoke": "Spoke",
        "wrong_number": "Wrong number",
        "message_sent": "Message sent",
    }
    page = desk.opens()
    for outcome, words in outcomes.items():
        assert page.one("button", name="outcome", value=outcome).text == words
        desk = Desk(a_request(), desk.user)
        desk.presses("contact", outcome=outcome)
        stored = desk.stored()
        assert (stored.status, stored.assignee) == ("contacting", desk.user), outcome
        assert (stored.first_contact_at is None) == (outcome in ("no_answer", "wrong_number")), outcome
        assert stored.call_back_at
        assert f"{timezone.localtime(stored.call_back_at):%Y-%m-%d %H:%M}" == f"{tomorrow} 09:00", outcome
        assert f"Contact tried {words}. Call back on" in desk.timeline(), outcome
        assert "Contact attempt recorded. Call back on" in desk.message, outcome
        due = ConsultationRequest.objects.due_by(stored.call_back_at, timezone.now())
        assert due.filter(pk=stored.pk).exists(), outcome


def test_callback_time_is_suggested_or_typed(desk: Desk) -> None:
    open_every_day()
    suggested = desk.opens().all("button", name="suggested")[-1]["value"]
    desk.presses("contact", suggested=suggested)
    assert desk.stored().call_back_at == datetime.fromisoformat(suggested)
    assert "Contact tried Call back on" in desk.timeline()
    desk.looks()
    day = timezone.localdate() + timedelta(days=3)
    page = desk.presses("contact", outcome="no_answer", at=f"{day}T17:30")
    call_back_at = desk.stored().call_back_at
    assert call_back_at and timezone.localtime(call_back_at).strftime("%H:%M") == "17:30"
    assert "No answer. Call back on" in desk.timeline()
    assert page.one("input", id="id_at").get("value") == ""
    assert len(desk.kinds()) == 4  # two attempts, the new status, the assignment


def test_invalid_callback_time_or_outcome_is_refused(desk: Desk) -> None:
    dates = ("yesterday", "2001-01-01T09:00", "0001-01-01T00:00", "9999-12-31T23:59")
    for at in ("", *dates, "\x00", "۱۲", "9" * 5000):
        page = desk.presses("contact", outcome="call_back", at=at, text="Words")
        assert desk.response.status_code == 400, at
        field = page.one("input", id="id_at")
        assert (field["aria-describedby"], field["value"]) == ("at-error", at)
        assert page.one("p", id="at-error").text
        assert page.one("textarea", name="text").text == "Words"
    for outcome in ("", "lost", "x" * 9999, "\x00", "😀"):
        desk.presses("contact", outcome=outcome)
        assert desk.response.status_code in (400, 409), outcome
    assert desk.kinds() == []


def test_second_of_two_attempts_is_told_of_the_first(desk: Desk, other: Desk) -> None:
    desk.set_to(status=Status.CONTACTING)
    other.presses("contact", outcome="spoke")
    desk.presses("contact", outcome="no_answer", text="Rang ten times.")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert "Your note is still below." in desk.problem
    assert "Contact tried Spoke. Call back on" in desk.timeline()
    assert "Contact tried No answer" not in desk.timeline()
    assert desk.kinds().count("contacted") == 1
    other.looks()
    desk.looks()
    other.presses("status", to="declined")
    desk.presses("contact", outcome="no_answer")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert "to “Declined” (Sana Malik)" in desk.problem


def test_repeated_press_is_one_attempt(desk: Desk) -> None:
    for _press in range(2):
        desk.presses("contact", outcome="no_answer", text="Rang.")
        assert not desk.problem
    assert desk.kinds().count("contacted") == 1
    assert Note.objects.count() == 1
    desk.looks()
    desk.presses("contact", outcome="no_answer")
    assert desk.kinds().count("contacted") == 2


def test_what_the_patient_sent_meanwhile_is_not_marked_as_read(desk: Desk) -> None:
    for sends in (
        lambda request: actions.add_patient_note(request, "My number has changed."),
        lambda request: actions.change_contact_details(request, parse("0321 7654987").fields()),
        with_files,
    ):
        for action, sent in (("contact", {"outcome": "no_answer"}), ("read", {})):
            desk = Desk(a_request(), desk.user)
            sends(desk.request)
            page = desk.presses(action, **sent)
            assert desk.problem.startswith(SOMEONE_ELSE)
            assert desk.stored().unread_since is not None
            desk.carried = {"version": page.hidden_fields()["version"]}
            desk.presses(action, **sent)
            assert not desk.problem
            assert desk.stored().unread_since is None


def test_request_is_not_closed_over_an_unseen_message(desk: Desk) -> None:
    for to in (Status.DECLINED, Status.WITHDRAWN, Status.QUARANTINED):
        desk = Desk(a_request(), desk.user)
        actions.add_patient_note(desk.request, "My finger turns black.")
        page = desk.presses("status", to=to, text="Words")
        assert desk.problem.startswith(SOMEONE_ELSE)
        assert desk.stored().status == Status.NEW
        assert page.one("textarea", name="text").text == "Words"
        desk.carried = {"version": page.hidden_fields()["version"]}
        desk.presses("status", to=to)
        assert desk.stored().status == to


def test_events_of_the_site_itself_conflict_with_nothing(desk: Desk) -> None:
    for kind in (Event.Kind.REMINDED, Event.Kind.NOTIFICATION_NOT_SENT):
        Event.objects.create(request=desk.request, kind=kind, at=timezone.now())
    desk.presses("contact", outcome="spoke")
    assert not desk.problem


def test_request_moved_back_to_new_is_owed_its_first_answer(desk: Desk) -> None:
    desk.set_to(promised_by=timezone.now() - timedelta(hours=1))
    desk.presses("contact", outcome="spoke")  # the wrong button
    assert desk.stored().first_contact_at is not None
    assert not ConsultationRequest.objects.due_by(timezone.now(), timezone.now()).exists()
    desk.looks()
    page = desk.presses("status", to="new")
    assert desk.stored().first_contact_at is None
    assert ConsultationRequest.objects.due_by(timezone.now(), timezone.now()).exists()
    assert "Late: promised by" in page.by_class("facts")[0].text


def test_closed_request_takes_no_attempt(desk: Desk) -> None:
    for status in (Status.COMPLETED, Status.DECLINED, Status.QUARANTINED):
        desk.set_to(status=status)
        page = desk.presses("contact", outcome="spoke")
        assert desk.response.status_code == 409, status
        assert not page.all("button", name="outcome")
    assert desk.kinds() == []


def test_typed_callback_time_survives_other_buttons(desk: Desk) -> None:
    for action, sent in (
        ("assignee", {"assignee": "me"}),
        ("status", {"to": "contacting"}),
        ("link", {}),
    ):
        desk.looks()
        page = desk.presses(action, at="2031-05-06T17:30", text="Words", **sent)
        assert page.one("input", id="id_at")["value"] == "2031-05-06T17:30", action
        assert page.one("textarea", name="text").text == ""
    assert desk.opens().one("input", id="id_at").get("value") == ""
    for at in ("x", "\x00", "9" * 5000, "2031-05-06", "<b>"):
        desk.response = desk.client.get(desk.address(), {"at": at})
        assert desk.page.one("input", id="id_at").get("value") == "", at
