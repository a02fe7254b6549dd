"""The buttons of one request: each does one thing, once, and only to the version on the screen."""

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
from tests.consultations.desk.consultation.request_pages import (
    ACTIONS,
    NOT_POSSIBLE,
    SOMEONE_ELSE,
    Desk,
    a_viewer,
)
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db


# The status


def test_status_is_changed_once_with_the_note(desk: Desk) -> None:
    a_request()
    for _press in range(2):
        desk.presses("status", to="contacting", text="Has a surgeon in Kasur.")
        assert not desk.problem
    assert desk.stored().status == "contacting"
    assert f"Status changed from “New” to “Contacting” by {desk.user.email}" in desk.timeline()
    assert f"{desk.request.reference}: Contacting" in desk.message
    assert desk.kinds() == ["status_changed"]
    assert Note.objects.get().text == "Has a surgeon in Kasur."
    others = ConsultationRequest.objects.exclude(pk=desk.request.pk)
    assert others.get().status == "new"
    assert Event.objects.exclude(request=desk.request).count() == 1


def test_conflict_names_the_change_and_keeps_what_was_typed(desk: Desk, other: Desk) -> None:
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


def test_only_the_appointment_on_the_screen_is_agreed(desk: Desk) -> None:
    desk.set_to(status=Status.PROPOSED)
    former = an_appointment(desk.request, state=Appointment.State.OFFERED)
    Appointment.objects.filter(pk=former.pk).update(state=Appointment.State.CANCELED)
    current = an_appointment(desk.request, state=Appointment.State.OFFERED)
    booking.record_event(current, Event.Kind.TIME_OFFERED, None, timezone.now())
    desk.presses("status", to="confirmed")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().status == "proposed"
    desk.looks()
    desk.presses("status", to="confirmed")
    assert desk.stored().status == "confirmed"
    current.refresh_from_db()
    assert current.state == "agreed"
    assert "Time agreed Wed 25 Nov 2026, 5:30 pm, with Dr. Ayesha Khan by coord" in desk.timeline()


def test_steps_outside_the_workflow_are_refused(desk: Desk) -> None:
    for to in ("completed", "confirmed", "proposed", "new", "lost", "", "x" * 999, "\x00", "😀"):
        desk.presses("status", to=to, text="Words")
        assert desk.response.status_code in (400, 409), to
        assert desk.problem, to
    assert desk.stored().status == "new"
    assert not Note.objects.exists()


# Notes


def test_note_is_saved_once_whatever_happened_meanwhile(desk: Desk, other: Desk) -> None:
    other.presses("status", to="declined")
    for _press in range(2):
        desk.presses("note", text="Call after five.\r\nAsk for Bilal. <b>")
        assert not desk.problem
    assert Note.objects.get().text == "Call after five.\nAsk for Bilal. <b>"
    assert f"Note by {desk.user.email} Call after five." in desk.timeline()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        desk.presses("note", text="Call after five.\r\nAsk for Bilal. <b>")  # a note of its own
    assert Note.objects.count() == 2


def test_invalid_note_is_refused_and_stays_as_typed(desk: Desk) -> None:
    for text in ("", " \r\n ", "x" * 2001, "😀" * 30_000):
        page = desk.presses("note", text=text)
        assert desk.response.status_code == 400
        assert page.one("p", id="text-error").text
        assert page.one("textarea", name="text").text == " ".join(text.split())
    assert not Note.objects.exists()


# The assignee


def test_request_is_assigned_and_unassigned(desk: Desk, other: Desk) -> None:
    editor = staff(EDITOR)
    page = desk.opens()
    assert [option.text for option in page.one("select", name="colleague").all()] == ["Sana Malik"]
    other.presses("assignee", assignee="me")
    desk.presses("assignee", assignee="me")
    assert desk.problem.startswith(SOMEONE_ELSE)
    other.presses("assignee", assignee="me")  # a repeated press
    assert not other.problem
    assert desk.stored().assignee == other.user
    assert desk.kinds() == ["assigned"]
    desk.looks()
    page = desk.presses("assignee", assignee="me")
    assert "Assigned to coordinator@clinic.example by coordinator" in desk.timeline()
    desk.looks()
    page = desk.presses("assignee", assignee="colleague", colleague=str(other.user.pk))
    assert desk.stored().assignee == other.user
    assert "Assigned to Sana Malik by coordinator" in desk.timeline()
    assert not page.all("select", name="colleague")  # nobody else is left
    desk.looks()
    desk.presses("assignee", assignee="nobody")
    assert desk.stored().assignee is None
    assert "Assigned to nobody by coordinator" in desk.timeline()
    desk.looks()
    for sent in (
        {"assignee": "colleague", "colleague": str(editor.pk)},
        {"assignee": "colleague", "colleague": "9" * 18},
        {"assignee": "colleague", "colleague": "x"},
        {"assignee": "everybody"},
        {},
    ):
        desk.presses("assignee", **sent)
        assert desk.response.status_code in (400, 409), sent
    assert desk.stored().assignee is None


# What the patient wrote, and the private link


def test_message_is_marked_as_read_only_if_it_was_on_the_screen(desk: Desk) -> None:
    assert "Mark as read" not in desk.opens().one("body").text
    actions.add_patient_note(desk.request, "My number has changed.")
    assert "Mark as read" in desk.opens().one("body").text
    actions.add_patient_note(desk.request, "And I have moved.")
    desk.presses("read")
    assert desk.problem.startswith(SOMEONE_ELSE)
    assert desk.stored().unread_since is not None
    desk.looks()
    for _press in range(2):
        desk.presses("read")
        assert not desk.problem
    assert desk.stored().unread_since is None
    assert desk.kinds() == ["note_added", "note_added", "acknowledged"]


def test_new_private_link_is_shown_once_and_replaces_the_former(desk: Desk) -> None:
    before = PrivateLink.objects.get()
    page = desk.presses("link")
    assert desk.response.status_code == 200
    assert "no-store" in desk.response["Cache-Control"]
    link = page.one("input", id="private-link")["value"]
    assert Client().get(urlsplit(link).path).status_code == 200
    assert not PrivateLink.objects.filter(pk=before.pk).exists()
    assert "New private link made by coordinator" in desk.timeline()
    assert link not in desk.opens().one("body").text
    assert urlsplit(link).path.split("/")[-2] not in desk.response.content.decode()


def test_request_closed_long_ago_gets_no_link(desk: Desk) -> None:
    desk.set_to(status=Status.DECLINED, status_changed_at=timezone.now() - timedelta(days=91))
    page = desk.presses("link")
    assert desk.response.status_code == 409
    assert "New private link" not in page.one("body").text
    assert "link_made" not in desk.kinds()


# Permissions and hostile input


def test_every_action_needs_permission_a_token_and_an_unerased_request(desk: Desk) -> None:
    viewer, presser = Desk(desk.request, a_viewer()), Desk(desk.request, staff())
    presser.user.user_permissions.add(
        *staff(MANAGER).groups.get().permissions.filter(codename="change_status")
    )
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(desk.user)
    page = viewer.opens()
    assert not page.by_class("work") and not page.by_class("correct-contact")
    sent = desk.carried | {"to": "contacting", "outcome": "spoke", "assignee": "me", "text": "Words"}
    sent |= {"phone": "0321 7654987"}
    for action in ACTIONS:
        address = desk.address(f"{action}/")
        for client in (viewer.client, presser.client, strict):
            assert client.post(address, sent).status_code == 403, action
        for ask in (desk.client.get, desk.client.head):
            response = ask(address, sent)
            assert (response.status_code, response["Location"]) == (303, desk.address()), action
        assert desk.client.put(address).status_code == 405
    as_erased(desk.request)
    for action in ACTIONS:
        desk.presses(action, **sent)
        assert desk.response.status_code == 409, action
        assert desk.problem == NOT_POSSIBLE, action
    assert desk.kinds() == [] and not Note.objects.exists()


def test_odd_versions_break_nothing(desk: Desk) -> None:
    versions: list[Any] = ["x", "-1", "9" * 9, "9" * 40, "\x00", "۱", "1e9", "😀", ["1", "2"]]
    for version in versions:
        answer = desk.client.post(desk.address("read/"), {"version": version, "text": "\x00😀"})
        assert answer.status_code in (303, 409), version
    for action in (*ACTIONS, "presence"):
        for sent in ({}, {"version": "9" * 40, "text": "\x00😀"}):
            answer = desk.client.post(desk.address(f"{action}/"), sent)
            assert answer.status_code in (200, 303, 400, 409), (action, sent)
    assert set(desk.kinds()) <= {"note_added"}


def test_signing_in_again_after_an_error_returns_to_the_request(desk: Desk) -> None:
    now = timezone.now()
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
