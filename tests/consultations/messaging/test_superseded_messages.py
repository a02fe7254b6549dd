"""Messages that a newer message or a new status makes obsolete."""

import pytest
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.consultations.messaging.message_helpers import an_appointment, queued, with_email
from tests.factories import change_status

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State
APPOINTMENTS = ("appointment_offered", "appointment_agreed", "appointment_canceled", "reminder")
ENDS = {"declined": Status.DECLINED, "unreachable": Status.UNREACHABLE, "withdrawn": Status.WITHDRAWN}


def send(request: ConsultationRequest, kind: str) -> None:
    if kind in APPOINTMENTS:
        queued(kind, request, appointment=request.appointments.first() or an_appointment(request))
    elif kind == "acknowledgement":
        queued(kind, request)
    else:
        request.status = ENDS.get(kind, Status.CONTACTING)
        queued("status", request, was=Status.CONTACTING if kind in ENDS else Status.DECLINED)


def states() -> dict[str, State]:
    return {message.kind: message.state for message in OutgoingMessage.objects.order_by("pk")}


def test_later_message_supersedes_obsolete_ones_that_wait_or_failed() -> None:
    pairs = [
        *[("appointment_offered", later) for later in ("appointment_agreed", "appointment_canceled", *ENDS)],
        *[("appointment_agreed", later) for later in ("appointment_canceled", *ENDS)],
        *[("reminder", later) for later in (*APPOINTMENTS[1:3], "declined")],
        *[(end, "reopened") for end in ENDS],
        *[(end, "appointment_offered") for end in ENDS],
        *[("acknowledgement", later) for later in ("appointment_offered", "appointment_agreed", *ENDS)],
        ("reopened", "declined"),
        ("appointment_canceled", "appointment_agreed"),
    ]
    for number, (earlier, later) in enumerate(pairs):
        OutgoingMessage.objects.all().delete()
        request = with_email()
        send(request, earlier)
        if number % 2:
            OutgoingMessage.objects.update(failed_at=timezone.now(), last_error="550 No")
        send(request, later)
        assert states() == {earlier: State.SUPERSEDED, later: State.WAITING}, (earlier, later)


def test_messages_that_stay_true_are_sent() -> None:
    pairs = [
        ("acknowledgement", "reopened"),
        # The reminder does not replace the invitation; a cancellation must leave the patient's calendar.
        ("appointment_agreed", "reminder"),
        # An agreed time is kept while others are offered.
        *[(earlier, "appointment_offered") for earlier in ("appointment_agreed", "reminder")],
        *[("appointment_canceled", later) for later in ("appointment_offered", "reopened", *ENDS)],
    ]
    for number, (earlier, later) in enumerate(pairs):
        OutgoingMessage.objects.all().delete()
        request = with_email(email=f"ayesha{number}@example.com")
        send(request, earlier)
        send(request, later)
        assert states() == {earlier: State.WAITING, later: State.WAITING}, (earlier, later)


def test_messages_of_other_requests_are_not_superseded() -> None:
    send(with_email(), "appointment_offered")
    OutgoingMessage.objects.update(about="MS-OTHER")
    request = ConsultationRequest.objects.get()
    request.status = Status.DECLINED
    queued("status", request, was=Status.NEW)
    assert not OutgoingMessage.objects.filter(is_superseded=True).exists()


def test_status_without_a_message_supersedes_an_offer() -> None:
    for status in (Status.CONTACTING, Status.COMPLETED, Status.QUARANTINED):
        OutgoingMessage.objects.all().delete()
        request = with_email()
        send(request, "appointment_offered")
        request.status = status
        queued("status", request, was=Status.PROPOSED)
        assert states() == {"appointment_offered": State.SUPERSEDED}


@pytest.mark.parametrize("has_failed", [False, True])
def test_reopened_message_stays_true_while_the_request_waits(has_failed: bool) -> None:
    request = with_email(status=Status.DECLINED)
    for to in (Status.CONTACTING, Status.NEW, Status.CONTACTING):
        change_status(request, to)
        if has_failed:
            OutgoingMessage.objects.update(failed_at=timezone.now(), last_error="550 No")
        assert states() == {"reopened": State.FAILED if has_failed else State.WAITING}
    change_status(request, Status.DECLINED)
    assert states()["reopened"] == State.SUPERSEDED
