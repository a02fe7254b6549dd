"""The timeline tells everything that happened, in order, in plain words, with who and when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.lifecycle import staff_actions, status_changes
from consultations.models import Event
from consultations.portal import actions
from consultations.tokens import SubmissionKey
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import a_request, a_submission, staff

pytestmark = pytest.mark.django_db


def test_it_is_in_order_whatever_table_it_comes_from(desk: Desk) -> None:
    staff_actions.add_note(desk.request, "First words", actor=desk.user)
    status_changes.change_status(desk.request, "contacting", actor=desk.user, expected_status="new")
    actions.add_patient_note(desk.request, "Last words")
    desk.opens()
    told = desk.timeline()
    places = [told.index(words) for words in ("Sent by", "First words", "Status changed", "Last words")]
    assert places == sorted(places)
    assert "Note by the patient Last words" in told


def test_corrected_contact_details_stand_in_it() -> None:
    key = SubmissionKey.new()
    desk = Desk(a_request(key=key))
    submission.submit(a_submission(key=key, phone="+923219876543"))
    desk.opens()
    assert "Contact details corrected" in desk.timeline()
    assert "Phone number: now 0321 9876543, before 0301 2345678" in desk.timeline()


def test_what_the_patient_did_is_said_to_be_the_patients() -> None:
    request = a_request()
    actions.withdraw(request)
    desk = Desk(request)
    desk.opens()
    assert "from “New” to “Withdrawn by the patient” by the patient" in desk.timeline()


@pytest.mark.parametrize(
    ("kind", "detail", "words"),
    [
        ("assigned", {"to": 1, "name": "Sana Malik"}, "Assigned to Sana Malik"),
        ("assigned", {"to": None, "name": ""}, "Assigned to nobody"),
        ("contacted", {"outcome": "spoke"}, "Contact tried Spoke"),
        (
            "contacted",
            {"outcome": "call_back", "call_back_at": "2026-11-25T12:30:00+00:00"},
            "Contact tried Call back on Wednesday 25 November 2026, 5:30 pm",
        ),
        (
            "time_offered",
            {"starts_at": "2026-11-25T12:30:00+00:00", "practitioner": "Dr. Khan"},
            "Time offered Wednesday 25 November 2026, 5:30 pm, with Dr. Khan",
        ),
        ("attachment_added", {"count": 1}, "added by the patient 1 file"),
        ("reminded", {}, "Reminded of the appointment"),
        (
            "contacted",
            {"outcome": "what no code writes any more", "call_back_at": "soon"},
            "Contact tried what",
        ),
        ("time_agreed", {"starts_at": 7}, "Time agreed"),
        ("assigned", [], "Assigned to nobody"),
    ],
)
def test_the_detail_of_an_event_is_told_in_words(desk: Desk, kind: str, detail: Any, words: str) -> None:
    Event.objects.create(
        request=desk.request, kind=kind, actor=a_colleague(), at=timezone.now(), detail=detail
    )
    desk.opens()
    assert words in desk.timeline()
    assert desk.timeline().endswith("by Sana Malik")


def test_mail_to_the_patient_is_told_and_notices_to_staff_are_not(settings: Any) -> None:
    settings.STAFF_MAIL = ["desk@clinic.example"]
    request = with_email()
    queued("new_request", request)
    (waiting,) = queued("acknowledgement", request, token="token")
    (sent,) = queued("appointment_agreed", request, appointment=an_appointment(request, state="canceled"))
    OutgoingMessage.objects.filter(pk=sent.pk).update(sent_at=datetime(2026, 11, 25, 12, 30, tzinfo=UTC))
    desk = Desk(request)
    desk.opens()
    told = desk.timeline()
    assert told.count("Mail to the patient:") == 2
    assert "Waiting" in told and "Sent on Wednesday 25 November 2026, 5:30 pm" in told
    assert waiting.kind == "acknowledgement"


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (mail_queue.mark_resolved, "Informed another way by Sana Malik"),
        (mail_queue.resend, "Sent again. Waiting by Sana Malik"),
    ],
)
def test_who_of_the_staff_dealt_with_mail_that_could_not_be_told_is_told(step: Any, words: str) -> None:
    request = with_email()
    (message,) = queued("appointment_offered", request, appointment=an_appointment(request))
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now() - timedelta(hours=1))
    assert step(message, actor=staff(email="sana@clinic.example", first_name="Sana", last_name="Malik"))
    desk = Desk(request)
    desk.opens()
    assert words in desk.timeline()


def test_mail_that_could_not_be_told_leads_to_where_it_is_sent_again() -> None:
    request = with_email()
    (message,) = queued("appointment_offered", request, appointment=an_appointment(request))
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now() - timedelta(hours=1))
    desk = Desk(request)
    page = desk.opens()
    assert "Could not be delivered" in desk.timeline()
    (link,) = [link for link in page.all("a") if "Send it again" in link.text]
    assert desk.client.get(link["href"]).status_code == 200
    user = staff(email="looks@clinic.example")
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    assert "Send it again" not in Desk(request, user).opens().one("body").text
