"""Tries to reach the patient: each recorded once, and nobody who was not reached is forgotten."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clinic_site.clinic.models import OpeningHours
from consultations.intake import attachments, upload_cleaning
from consultations.models import ConsultationRequest, Event, Note
from consultations.phone_numbers import parse
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import SOMEONE_ELSE, Desk
from tests.consultations.intake.upload_samples import PDF

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        ("no_answer", "No answer"),
        ("spoke", "Spoke"),
        ("wrong_number", "Wrong number"),
        ("message_sent", "Message sent"),
    ],
)
def test_a_try_is_recorded_in_one_press(desk: Desk, outcome: str, words: str) -> None:
    button = desk.opens().one("button", name="outcome", value=outcome)
    assert button.text == words
    desk.presses("contact", outcome=outcome)
    assert desk.stored().status == "contacting"
    assert desk.stored().assignee == desk.user
    assert f"Contact tried {words}. Call back on" in desk.timeline()
    assert (desk.stored().first_contact_at is None) == (outcome in ("no_answer", "wrong_number"))


@pytest.mark.parametrize(("outcome", "words"), [("no_answer", "No answer"), ("wrong_number", "Wrong number")])
def test_nobody_who_was_not_reached_is_forgotten(desk: Desk, outcome: str, words: str) -> None:
    """Without a time to try again it is the next morning, and the page says so."""
    for day in range(7):
        OpeningHours.objects.create(weekday=day, opens="09:30", closes="17:00")
    desk.opens()
    page = desk.presses("contact", outcome=outcome)
    zone = timezone.get_default_timezone()
    again = timezone.localtime(desk.stored().call_back_at, zone)
    tomorrow = timezone.localdate(timezone=zone) + timedelta(days=1)
    assert (again.date(), f"{again:%H:%M}") == (tomorrow, "09:30")
    assert f"Contact tried {words}. Call back on" in desk.timeline()
    assert "Contact attempt recorded. Call back on" in page.by_class("messagelist")[0].text
    assert ConsultationRequest.objects.due_by(desk.stored().call_back_at, timezone.now()).exists()


def test_a_time_to_call_back_is_ready_to_press_or_typed(desk: Desk) -> None:
    for day in range(7):
        OpeningHours.objects.create(weekday=day, opens="09:00", closes="17:00")
    buttons = desk.opens().all("button", name="suggested")
    assert buttons
    desk.presses("contact", suggested=buttons[-1]["value"])
    assert desk.stored().call_back_at == datetime.fromisoformat(buttons[-1]["value"])
    assert "Contact tried Call back on" in desk.timeline()
    desk.opens()
    day = timezone.localdate() + timedelta(days=3)
    desk.presses("contact", outcome="no_answer", at=f"{day}T17:30")
    call_back_at = desk.stored().call_back_at
    assert call_back_at and timezone.localtime(call_back_at).strftime("%H:%M") == "17:30"
    assert "No answer. Call back on" in desk.timeline()
    assert len(desk.kinds()) == 4  # two tries, the new status, the assignment


@pytest.mark.parametrize(
    "at",
    ["", "yesterday", "2001-01-01T09:00", "0001-01-01T00:00", "9999-12-31T23:59", "\x00", "۱۲", "9" * 5000],
)
def test_a_call_back_without_a_time_to_come_is_not_recorded(desk: Desk, at: str) -> None:
    desk.opens()
    page = desk.presses("contact", outcome="call_back", at=at, text="Words")
    assert desk.response.status_code == 400
    assert page.one("input", id="id_at")["aria-describedby"] == "at-error"
    assert page.one("p", id="at-error").text
    assert page.one("input", id="id_at")["value"] == at
    assert page.one("textarea", name="text").text == "Words"
    assert desk.kinds() == []


@pytest.mark.parametrize("outcome", ["", "lost", "x" * 9999, "\x00", "😀"])
def test_an_outcome_that_does_not_exist_is_refused(desk: Desk, outcome: str) -> None:
    desk.opens()
    desk.presses("contact", outcome=outcome)
    assert desk.response.status_code in (400, 409)
    assert desk.kinds() == []


def test_of_two_who_call_one_is_told_of_the_other(desk: Desk, other: Desk) -> None:
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(status=Status.CONTACTING)
    desk.opens(), other.opens()
    other.presses("contact", outcome="spoke")
    desk.presses("contact", outcome="no_answer", text="Rang ten times.")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert "Your note is still below." in desk.problem
    assert "Contact tried Spoke. Call back on" in desk.timeline()
    assert "Contact tried No answer" not in desk.timeline()
    assert desk.kinds().count("contacted") == 1


def test_contact_attempt_on_request_closed_meanwhile_names_the_change(desk: Desk, other: Desk) -> None:
    desk.opens(), other.opens()
    other.presses("status", to="declined")
    desk.presses("contact", outcome="no_answer")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert "to “Declined” (Sana Malik)" in desk.problem


def test_one_press_that_arrives_twice_is_one_try(desk: Desk) -> None:
    desk.opens()
    for _press in range(2):
        desk.presses("contact", outcome="no_answer", text="Rang.")
        assert not desk.problem
    assert desk.kinds().count("contacted") == 1
    assert Note.objects.count() == 1
    desk.opens()
    desk.presses("contact", outcome="no_answer")
    assert desk.kinds().count("contacted") == 2


def adds_a_report(request: ConsultationRequest) -> None:
    actions.add_attachments(
        request, attachments.store_files([upload_cleaning.clean_upload(SimpleUploadedFile("b.pdf", PDF))])
    )


@pytest.mark.parametrize(
    "does",
    [
        lambda request: actions.add_patient_note(request, "My number has changed."),
        lambda request: actions.correct_phone(request, parse("0321 7654987")),
        adds_a_report,
    ],
    ids=["note", "phone", "report"],
)
@pytest.mark.parametrize(("action", "sent"), [("contact", {"outcome": "no_answer"}), ("read", {})])
def test_nothing_that_comes_from_the_patient_goes_with_a_press_that_did_not_see_it(
    desk: Desk, does: Any, action: str, sent: dict[str, str]
) -> None:
    desk.opens()
    does(desk.request)
    page = desk.presses(action, **sent)
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().unread_since is not None
    desk.carried = {"version": page.hidden_fields()["version"]}
    desk.presses(action, **sent)
    assert not desk.problem
    assert desk.stored().unread_since is None


@pytest.mark.parametrize("to", [Status.DECLINED, Status.WITHDRAWN, Status.QUARANTINED])
def test_no_request_is_closed_over_what_its_patient_has_just_written(desk: Desk, to: Status) -> None:
    desk.opens()
    actions.add_patient_note(desk.request, "My finger turns black.")
    page = desk.presses("status", to=to, text="Words")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().status == Status.NEW
    assert page.one("textarea", name="text").text == "Words"
    desk.carried = {"version": page.hidden_fields()["version"]}
    desk.presses("status", to=to)
    assert not desk.problem
    assert desk.stored().status == to


def test_what_the_site_does_by_itself_is_not_the_patients(desk: Desk) -> None:
    desk.opens()
    for kind in (Event.Kind.REMINDED, Event.Kind.NOTIFICATION_NOT_SENT):
        Event.objects.create(request=desk.request, kind=kind, at=timezone.now())
    desk.presses("contact", outcome="spoke")
    assert not desk.problem


def test_a_note_of_the_patient_makes_an_open_page_out_of_date(desk: Desk) -> None:
    version = desk.opens().hidden_fields()["version"]

    def said() -> str:
        return str(desk.client.post(desk.address("presence/"), {"version": version}).json()["announcement"])

    assert said() == ""
    actions.add_patient_note(desk.request, "My number has changed.")
    assert said() == "This request has changed since you opened it."


def test_a_request_that_is_put_back_as_new_is_owed_its_first_answer_again(desk: Desk) -> None:
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(
        promised_by=timezone.now() - timedelta(hours=1)
    )
    desk.opens()
    desk.presses("contact", outcome="spoke")  # the wrong button
    assert desk.stored().first_contact_at is not None
    assert not ConsultationRequest.objects.due_by(timezone.now(), timezone.now()).exists()
    desk.opens()
    page = desk.presses("status", to="new")
    assert desk.stored().first_contact_at is None
    assert ConsultationRequest.objects.due_by(timezone.now(), timezone.now()).exists()
    assert "Late: promised by" in page.by_class("facts")[0].text


@pytest.mark.parametrize("status", [Status.COMPLETED, Status.DECLINED, Status.QUARANTINED])
def test_a_closed_request_takes_no_try(desk: Desk, status: Status) -> None:
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(status=status)
    assert not desk.opens().all("button", name="outcome")
    desk.presses("contact", outcome="spoke")
    assert desk.response.status_code == 409
    assert desk.kinds() == []


@pytest.mark.parametrize(
    ("action", "sent"), [("assignee", {"assignee": "me"}), ("status", {"to": "contacting"}), ("link", {})]
)
def test_a_time_to_call_back_that_is_typed_outlives_other_buttons(
    desk: Desk, action: str, sent: dict[str, str]
) -> None:
    desk.opens()
    page = desk.presses(action, at="2031-05-06T17:30", text="Words", **sent)
    assert page.one("input", id="id_at")["value"] == "2031-05-06T17:30"
    assert page.one("textarea", name="text").text == ""
    page = desk.opens()
    assert page.one("input", id="id_at")["value"] == ""


def test_a_time_to_call_back_that_was_taken_is_not_typed_any_more(desk: Desk) -> None:
    desk.opens()
    at = f"{timezone.localdate() + timedelta(days=3)}T17:30"
    page = desk.presses("contact", outcome="call_back", at=at)
    assert page.one("input", id="id_at")["value"] == ""


@pytest.mark.parametrize("at", ["x", "\x00", "9" * 5000, "2031-05-06", "<b>"])
def test_an_address_types_nothing_but_a_time(desk: Desk, at: str) -> None:
    desk.response = desk.client.get(desk.address(), {"at": at})
    assert desk.page.one("input", id="id_at")["value"] == ""
