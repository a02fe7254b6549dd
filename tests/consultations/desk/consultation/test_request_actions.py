"""The buttons of one request: each does its one thing, once, and only to what was on the screen."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.roles import EDITOR, MANAGER
from consultations.lifecycle import booking
from consultations.models import Appointment, ConsultationRequest, Event, Note, PrivateLink
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import SOMEONE_ELSE, Desk, a_colleague
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db


# The status


def test_a_button_moves_the_request_on_and_the_timeline_tells_it(desk: Desk) -> None:
    desk.opens()
    page = desk.presses("status", to="contacting")
    assert desk.stored().status == "contacting"
    assert f"Status changed from “New” to “Contacting” by {desk.user.email}" in desk.timeline()
    assert f"{desk.request.reference}: Contacting" in page.by_class("messagelist")[0].text


def test_whoever_presses_second_is_told_and_nothing_typed_is_lost(desk: Desk, other: Desk) -> None:
    desk.opens(), other.opens()
    other.presses("status", to="declined")
    page = desk.presses("status", to="contacting", text="Call after five.\nAsk for Bilal.")
    assert desk.response.status_code == 409
    assert desk.problem == (
        f"{SOMEONE_ELSE} No changes were saved. Latest change: Status changed from “New” to “Declined” "
        "(Sana Malik). Your note is still below."
    )
    assert page.one("textarea", name="text").text == "Call after five. Ask for Bilal."
    assert page.one("h1").text.endswith("Declined")
    assert "“New” to “Declined” by Sana Malik" in desk.timeline()
    assert page.one("title").text.startswith("Error:")
    assert desk.stored().status == "declined"
    assert not Note.objects.exists()


def test_the_same_button_pressed_twice_by_one_person_is_one_change(desk: Desk) -> None:
    desk.opens()
    for _press in range(2):
        desk.presses("status", to="contacting")
        assert not desk.problem
    assert desk.kinds() == ["status_changed"]


def test_a_time_is_agreed_only_if_it_is_the_one_on_the_screen(desk: Desk) -> None:
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(status=Status.PROPOSED)
    was = an_appointment(desk.request, state=Appointment.State.OFFERED)
    desk.opens()
    Appointment.objects.filter(pk=was.pk).update(state=Appointment.State.CANCELED)
    now = an_appointment(desk.request, state=Appointment.State.OFFERED)
    booking.record_event(now, Event.Kind.TIME_OFFERED, None, timezone.now())
    desk.presses("status", to="confirmed")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().status == "proposed"
    desk.opens()
    desk.presses("status", to="confirmed")
    assert desk.stored().status == "confirmed"
    now.refresh_from_db()
    assert now.state == "agreed"
    assert "Time agreed Wednesday 25 November 2026, 5:30 pm, with Dr. Ayesha Khan by coord" in desk.timeline()


@pytest.mark.parametrize(
    "to", ["completed", "confirmed", "proposed", "new", "lost", "", "x" * 999, "\x00", "😀"]
)
def test_what_the_workflow_forbids_is_refused_in_words(desk: Desk, to: str) -> None:
    desk.opens()
    desk.presses("status", to=to, text="Words")
    assert desk.response.status_code in (400, 409)
    assert desk.problem
    assert desk.stored().status == "new"
    assert not Note.objects.exists()


def test_a_note_goes_along_with_whatever_is_pressed(desk: Desk) -> None:
    desk.opens()
    desk.presses("status", to="declined", text="Has a surgeon in Kasur.")
    assert desk.stored().status == "declined"
    assert Note.objects.get().text == "Has a surgeon in Kasur."


# Notes


def test_a_note_is_kept_once_however_often_it_is_sent(desk: Desk) -> None:
    desk.opens()
    for _press in range(2):
        desk.presses("note", text="Call after five.\r\nAsk for Bilal. <b>")
    assert Note.objects.get().text == "Call after five.\nAsk for Bilal. <b>"
    assert f"Note by {desk.user.email} Call after five." in desk.timeline()


def test_the_same_words_ten_minutes_later_are_another_note(desk: Desk) -> None:
    desk.opens()
    desk.presses("contact", outcome="no_answer", text="Called the ward.")
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        desk.opens()
        desk.presses("note", text="Called the ward.")
    assert Note.objects.count() == 2


def test_a_note_overwrites_nothing_so_it_is_kept_whatever_happened_meanwhile(desk: Desk, other: Desk) -> None:
    desk.opens(), other.opens()
    other.presses("status", to="declined")
    desk.presses("note", text="Words")
    assert not desk.problem
    assert Note.objects.get().text == "Words"


@pytest.mark.parametrize("text", ["", " \r\n ", "x" * 2001, "😀" * 30_000])
def test_a_note_that_cannot_be_kept_is_said_beside_it_and_stays_typed(desk: Desk, text: str) -> None:
    desk.opens()
    page = desk.presses("note", text=text)
    assert desk.response.status_code == 400
    assert page.one("p", id="text-error").text
    assert page.one("textarea", name="text").text == " ".join(text.split())
    assert not Note.objects.exists()


# Who has it


def test_a_request_is_taken_given_and_given_back(desk: Desk) -> None:
    colleague = a_colleague()
    staff(EDITOR)
    page = desk.opens()
    assert [option.text for option in page.one("select", name="colleague").children] == ["Sana Malik"]
    desk.presses("assignee", assignee="me")
    assert desk.stored().assignee == desk.user
    desk.opens()
    desk.presses("assignee", assignee="colleague", colleague=str(colleague.pk))
    assert desk.stored().assignee == colleague
    assert "Assigned to Sana Malik by coordinator" in desk.timeline()
    desk.opens()
    desk.presses("assignee", assignee="nobody")
    assert desk.stored().assignee is None
    assert "Assigned to nobody by coordinator" in desk.timeline()


def test_of_two_who_take_it_one_has_it_and_the_other_is_told(desk: Desk, other: Desk) -> None:
    desk.opens(), other.opens()
    other.presses("assignee", assignee="me")
    desk.presses("assignee", assignee="me")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().assignee == other.user
    other.presses("assignee", assignee="me")
    assert not other.problem
    assert desk.kinds() == ["assigned"]


def test_a_request_is_given_only_to_whoever_works_with_requests(desk: Desk) -> None:
    desk.opens()
    editor = staff(EDITOR)
    for sent in (
        {"assignee": "colleague", "colleague": str(editor.pk)},
        {"assignee": "colleague", "colleague": "9" * 18},
        {"assignee": "colleague", "colleague": "x"},
        {"assignee": "everybody"},
        {},
    ):
        desk.presses("assignee", **sent)
        assert desk.response.status_code in (400, 409)
    assert desk.stored().assignee is None


# What the patient wrote, and the private link


def test_what_the_patient_wrote_is_read_as_far_as_it_was_on_the_screen(desk: Desk) -> None:
    assert "Mark as read" not in desk.opens().one("body").text
    actions.add_patient_note(desk.request, "My number has changed.")
    assert "Mark as read" in desk.opens().one("body").text
    actions.add_patient_note(desk.request, "And I have moved.")
    desk.presses("read")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().unread_since is not None
    desk.opens()
    for _press in range(2):
        desk.presses("read")
        assert not desk.problem
    assert desk.stored().unread_since is None
    assert desk.kinds() == ["note_added", "note_added", "acknowledged"]


def test_a_new_private_link_is_shown_once_and_opens_the_patients_page(desk: Desk) -> None:
    before = PrivateLink.objects.get()
    desk.opens()
    page = desk.presses("link")
    assert desk.response.status_code == 200
    assert "no-store" in desk.response["Cache-Control"]
    link = page.one("input", id="private-link")["value"]
    assert Client().get(urlsplit(link).path).status_code == 200
    assert not PrivateLink.objects.filter(pk=before.pk).exists()
    assert "New private link made by coordinator" in desk.timeline()
    assert link not in desk.opens().one("body").text
    assert urlsplit(link).path.split("/")[-2] not in desk.response.content.decode()


def test_no_link_is_made_for_a_request_that_was_closed_long_ago(desk: Desk) -> None:
    long_ago = timezone.now() - timedelta(days=91)
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(
        status=Status.DECLINED, status_changed_at=long_ago
    )
    assert "New private link" not in desk.opens().one("body").text
    desk.presses("link")
    assert desk.response.status_code == 409
    assert "link_made" not in desk.kinds()


# Hostile, and across requests


@pytest.mark.parametrize(
    "action", ["status", "contact", "note", "assignee", "read", "link", "contact-details", "presence"]
)
@pytest.mark.parametrize(
    "version", [None, "x", "-1", "9" * 9, "9" * 40, "\x00", "۱", "1e9", "😀", ["1", "2"]]
)
def test_nothing_that_is_sent_breaks_the_page(desk: Desk, action: str, version: Any) -> None:
    answer = desk.client.post(
        desk.address(f"{action}/"), ({} if version is None else {"version": version}) | {"text": "\x00😀"}
    )
    assert answer.status_code in (200, 303, 400, 409)


def test_a_button_needs_its_token(desk: Desk) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(staff(MANAGER))
    assert strict.post(desk.address("status/"), {"to": "contacting", "version": "0"}).status_code == 403
    assert desk.stored().status == "new"


def test_a_press_on_one_request_changes_no_other(desk: Desk) -> None:
    a_request()
    desk.opens()
    desk.presses("contact", outcome="spoke", text="Words")
    assert Event.objects.exclude(request=desk.request).count() == 1
    assert ConsultationRequest.objects.exclude(pk=desk.request.pk).get().status == "new"


# The address of a button


def test_who_signs_in_again_on_the_page_of_an_answer_comes_back_to_the_request(desk: Desk) -> None:
    now = timezone.now()
    desk.opens()
    desk.presses("contact", outcome="call_back")
    answered = desk.address("contact/")
    assert (desk.response.status_code, desk.response.request["PATH_INFO"]) == (400, answered)
    with time_machine.travel(now + timedelta(minutes=16), tick=False):
        referer = {"referer": f"http://testserver{answered}"}
        response = desk.client.post(answered, desk.carried | {"outcome": "spoke"}, headers=referer)
        address = urlsplit(response["Location"])
        assert (response.status_code, address.path) == (303, "/staff/login/")
        desk.client.force_login(desk.user)
        back = desk.client.get(parse_qs(address.query)["next"][0], follow=True)
    assert back.redirect_chain == [(desk.address(), 303)]
    assert back.status_code == 200
    assert desk.kinds() == []


@pytest.mark.parametrize(
    "action", ["status", "contact", "note", "assignee", "contact-details", "read", "link"]
)
def test_the_address_of_a_button_leads_to_the_request_and_does_nothing(desk: Desk, action: str) -> None:
    desk.opens()
    sent = desk.carried | {"to": "contacting", "outcome": "spoke", "text": "A note.", "assignee": "me"}
    for ask in (desk.client.get, desk.client.head):
        response = ask(desk.address(f"{action}/"), sent)
        assert (response.status_code, response["Location"]) == (303, desk.address())
    assert desk.client.put(desk.address(f"{action}/")).status_code == 405
    assert desk.kinds() == [] and not Note.objects.exists()
