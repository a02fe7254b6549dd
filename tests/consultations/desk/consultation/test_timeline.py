"""The timeline: everything that happened, in order and in words, with who and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations.desk.consultation.timeline import timeline
from consultations.intake import submission
from consultations.lifecycle import staff_actions
from consultations.models import Event
from consultations.portal import actions
from consultations.tokens import SubmissionKey
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague, a_viewer
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import a_request, a_submission, change_status

pytestmark = pytest.mark.django_db


def test_entries_of_all_tables_are_in_order() -> None:
    key = SubmissionKey.new()
    desk = Desk(a_request(key=key))
    staff_actions.add_note(desk.request, "First words", actor=desk.user)
    change_status(desk.request, "contacting", by=desk.user)
    actions.add_patient_note(desk.request, "More words")
    submission.submit(a_submission(key=key, phone="+923219876543"))
    actions.withdraw(desk.stored())
    desk.opens()
    shown = desk.timeline()
    words = (
        "Sent by the patient",
        "Note by coordinator@clinic.example First words",
        "from “New” to “Contacting” by coordinator@clinic.example",
        "Note by the patient More words",
        "Contact details corrected phone number by the patient",
        "from “Contacting” to “Withdrawn” by the patient",
    )
    places = [shown.index(entry) for entry in words]
    assert places == sorted(places)
    assert "Note by the patient Phone number: now 0321 9876543, before 0301 2345678" in shown


def test_details_of_events_in_words(desk: Desk) -> None:
    call_back = {"outcome": "call_back", "call_back_at": "2026-11-25T12:30:00+00:00"}
    when = "Wed 25 Nov 2026, 5:30 pm"
    offered = {"starts_at": "2026-11-25T12:30:00+00:00", "practitioner": "Dr. Khan"}
    cases: list[tuple[str, Any, str]] = [
        ("assigned", {"to": 1, "name": "Sana Malik"}, "Assigned to Sana Malik"),
        ("assigned", {"to": None, "name": ""}, "Assigned to nobody"),
        ("contacted", {"outcome": "spoke"}, "Contact tried Spoke"),
        ("contacted", call_back, f"Contact tried Call back on {when}"),
        ("time_offered", offered, f"Time offered {when}, with Dr. Khan"),
        ("attachment_added", {"count": 1}, "Photograph or report added 1 file"),
        ("reminded", {}, "Reminded of the appointment"),
        ("contacted", {"outcome": "unknown", "call_back_at": "soon"}, "Contact tried unknown"),
        ("time_agreed", {"starts_at": 7}, "Time agreed"),
        ("assigned", [], "Assigned to nobody"),
    ]
    by = {"request": desk.request, "actor": a_colleague(), "at": timezone.now()}
    events = [Event.objects.create(kind=kind, detail=detail, **by) for kind, detail, _words in cases]
    entries = timeline(desk.request, events, [], may_see_messages=True)
    assert [f"{entry.what} {entry.more}".strip() for entry in entries] == [words for *_event, words in cases]
    assert {entry.who for entry in entries} == {"Sana Malik"}


def test_mail_to_the_patient_is_shown_and_notices_to_staff_are_not(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@clinic.example"]
    request = with_email()
    queued("new_request", request)
    queued("acknowledgement", request)
    (sent,) = queued("appointment_agreed", request, appointment=an_appointment(request, state="canceled"))
    OutgoingMessage.objects.filter(pk=sent.pk).update(sent_at=datetime(2026, 11, 25, 12, 30, tzinfo=UTC))
    desk = Desk(request)
    desk.opens()
    shown = desk.timeline()
    assert shown.count("Email:") == 2
    assert "Replaced by a later message" in shown and "Sent on Wed 25 Nov 2026, 5:30 pm" in shown


def test_undelivered_mail_is_a_problem_until_resolved() -> None:
    request, colleague = with_email(), a_colleague()
    (message,) = queued("appointment_offered", request, appointment=an_appointment(request))
    failed = OutgoingMessage.objects.filter(pk=message.pk)
    failed.update(failed_at=timezone.now() - timedelta(hours=1), last_error="The mailbox is full.")
    desk = Desk(request)
    page = desk.opens()
    assert "Could not be delivered: The mailbox is full." in desk.timeline()
    (link,) = [link for link in page.all("a") if "Send it again" in link.text]
    assert desk.client.get(link["href"]).status_code == 200
    assert "Send it again" not in Desk(request, a_viewer()).opens().one("body").text
    assert mail_queue.mark_resolved(message, actor=colleague)
    desk.opens()
    assert "Informed another way by Sana Malik" in desk.timeline()
    (other,) = queued("appointment_agreed", request, appointment=request.appointments.get())
    OutgoingMessage.objects.filter(pk=other.pk).update(failed_at=timezone.now())
    assert mail_queue.resend(other, actor=colleague)
    desk.opens()
    assert "Sent again. Waiting by Sana Malik" in desk.timeline()
