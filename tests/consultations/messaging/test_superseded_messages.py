"""A later message about a time, or an end, takes the place of older ones that wait or have failed."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from consultations.appointments.offers import offer_time
from consultations.lifecycle import status_changes
from consultations.messaging import catalogue
from consultations.models import Appointment, ConsultationRequest
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.messaging.message_helpers import a_clinic, an_appointment, with_email
from tests.factories import a_reviewer, staff

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State
ABOUT_A_TIME = {
    "time_offered": catalogue.time_offered,
    "time_agreed": catalogue.time_agreed,
    "time_cancelled": catalogue.time_cancelled,
    "reminder": catalogue.reminder,
}
ENDS = {"declined": Status.DECLINED, "unreachable": Status.UNREACHABLE, "withdrawn": Status.WITHDRAWN}


def tell(request: ConsultationRequest, kind: str) -> None:
    with transaction.atomic():
        if kind in ABOUT_A_TIME:
            ABOUT_A_TIME[kind](request.appointments.first() or an_appointment(request))
        elif kind == "opened_again":
            request.status = Status.CONTACTING
            catalogue.status_changed(request, Status.DECLINED)
        elif kind == "acknowledgement":
            catalogue.received(request, "token")
        else:
            request.status = ENDS[kind]
            catalogue.status_changed(request, Status.CONTACTING)


def states() -> dict[str, State]:
    return {message.kind: message.state for message in OutgoingMessage.objects.order_by("pk")}


@pytest.mark.parametrize("has_failed", [False, True])
@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        *[("time_offered", later) for later in ("time_agreed", "time_cancelled", *ENDS)],
        *[("time_agreed", later) for later in ("time_offered", "time_cancelled", *ENDS)],
        *[("reminder", later) for later in ("time_offered", "time_agreed", "time_cancelled", "declined")],
        *[(end, "opened_again") for end in ENDS],
        *[(end, "time_offered") for end in ENDS],
        ("opened_again", "declined"),
        ("time_cancelled", "time_agreed"),
    ],
)
def test_what_is_moot_is_not_sent_any_more(earlier: str, later: str, has_failed: bool) -> None:
    request = with_email()
    tell(request, earlier)
    if has_failed:
        OutgoingMessage.objects.update(failed_at=timezone.now(), last_error="550 No")
    tell(request, later)
    assert states() == {earlier: State.SUPERSEDED, later: State.WAITING}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        *[("acknowledgement", later) for later in (*ABOUT_A_TIME, *ENDS, "opened_again")],
        # The invitation is no less needed for the reminder; what takes a time out of a calendar must come.
        ("time_agreed", "reminder"),
        *[("time_cancelled", later) for later in ("time_offered", "opened_again", *ENDS)],
    ],
)
def test_what_still_has_to_be_known_is_sent(earlier: str, later: str) -> None:
    request = with_email()
    tell(request, earlier)
    tell(request, later)
    assert states() == {earlier: State.WAITING, later: State.WAITING}


def test_what_is_told_of_one_request_replaces_nothing_of_another() -> None:
    tell(with_email(), "time_offered")
    OutgoingMessage.objects.update(about="MS-OTHER")
    tell(with_email(email="b@example.com"), "declined")
    assert not OutgoingMessage.objects.filter(is_superseded=True).exists()


@pytest.mark.parametrize("status", [Status.CONTACTING, Status.COMPLETED, Status.QUARANTINED])
def test_a_time_that_stands_no_more_is_not_told_although_nothing_is_told_in_its_place(status: Status) -> None:
    request = with_email()
    tell(request, "time_offered")
    request.status = status
    catalogue.status_changed(request, Status.PROPOSED)
    assert states() == {"time_offered": State.SUPERSEDED}


@pytest.mark.parametrize("has_failed", [False, True])
def test_who_is_told_that_it_is_open_again_reads_so_while_it_waits(has_failed: bool) -> None:
    request, actor = with_email(status=Status.DECLINED), staff()
    for was, to in [
        (Status.DECLINED, Status.CONTACTING),
        (Status.CONTACTING, Status.NEW),
        (Status.NEW, Status.CONTACTING),
    ]:
        status_changes.change_status(request, to, actor=actor, expected_status=was)
        if has_failed:
            OutgoingMessage.objects.update(failed_at=timezone.now(), last_error="550 No")
        assert states() == {"opened_again": State.FAILED if has_failed else State.WAITING}
    status_changes.change_status(request, Status.DECLINED, actor=actor, expected_status=Status.CONTACTING)
    assert states()["opened_again"] == State.SUPERSEDED


def test_who_is_declined_after_an_agreed_time_reads_that_it_is_off_and_no_more_that_it_stands() -> None:
    a_clinic()
    request, actor = with_email(status=Status.CONTACTING), staff()
    now = timezone.now()
    starts_at = (now + timedelta(days=3)).replace(minute=0, second=0, microsecond=0)
    time = offer_time(
        request,
        a_reviewer(),
        starts_at,
        timedelta(minutes=30),
        agreed=False,
        actor=actor,
        expected_status=Status.CONTACTING,
        expected_appointment=None,
    )
    request.refresh_from_db()
    status_changes.change_status(request, Status.CONFIRMED, actor=actor, expected_status=Status.PROPOSED)
    assert states() == {"time_offered": State.SUPERSEDED, "time_agreed": State.WAITING}
    request.refresh_from_db()
    status_changes.change_status(request, Status.DECLINED, actor=actor, expected_status=Status.CONFIRMED)
    assert states() == {
        "time_offered": State.SUPERSEDED,
        "time_agreed": State.SUPERSEDED,
        "time_cancelled": State.WAITING,
        "declined": State.WAITING,
    }
    time.refresh_from_db()
    assert time.state == Appointment.State.CANCELLED


def test_an_offer_that_the_patient_has_turned_down_is_not_sent_any_more() -> None:
    a_clinic()
    request, starts_at = with_email(), timezone.now().replace(minute=0, second=0, microsecond=0)
    appointment = offer_time(
        request,
        a_reviewer(),
        starts_at + timedelta(days=2),
        timedelta(minutes=30),
        agreed=False,
        actor=staff("Coordinator"),
        expected_status=request.status,
        expected_appointment=None,
    )
    assert states()["time_offered"] == State.WAITING
    request.refresh_from_db()
    actions.request_another_time(request, appointment.pk, "")
    assert states()["time_offered"] == State.SUPERSEDED
