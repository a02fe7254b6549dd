"""A status changes with its event and its version; waiting requests are listed by age."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from consultations.lifecycle import errors, staff_actions
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.factories import a_coordinator, a_request, change_status, staff

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 5, tzinfo=UTC)


def test_change_is_stored_with_actor_and_time() -> None:
    request = a_request()
    with time_machine.travel(AT, tick=False):
        change_status(request, Status.CONTACTING)
    assert (request.status, request.status_changed_at) == (Status.CONTACTING, AT)
    event = request.events.get(kind=Event.Kind.STATUS_CHANGED)
    expected = ("new", "contacting", a_coordinator(), AT)
    assert (event.from_status, event.to_status, event.actor, event.at) == expected


def test_forbidden_and_stale_changes_are_refused() -> None:
    request = a_request()
    with pytest.raises(errors.NotAllowedError):
        change_status(request, Status.COMPLETED)
    change_status(request, Status.DECLINED)
    with pytest.raises(errors.SomeoneElseChangedError):
        staff_actions.change_status(request, Status.CONTACTING, actor=staff(), version=0)
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert request.events.count() == 2


def test_change_is_rolled_back_without_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    request = a_request()

    def fails(**values: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event.objects, "create", fails)
    with pytest.raises(OSError, match="full"):
        change_status(request, Status.CONTACTING)
    request.refresh_from_db()
    assert request.status == Status.NEW


def test_patient_sees_every_status_but_spam_and_held() -> None:
    for status in Status:
        shown = ConsultationRequest(status=status).status_for_patient
        assert shown == (Status.NEW if status in (Status.QUARANTINED, Status.HELD) else status)


def test_waiting_requests_are_listed_oldest_first() -> None:
    late, early, middle = (a_request(created_at=AT + timedelta(hours=hours)) for hours in (3, 1, 2))
    assert list(ConsultationRequest.objects.waiting()) == [early, middle, late]
    for status in Status:
        early.status = status
        early.save()
        is_waiting = ConsultationRequest.objects.waiting().filter(pk=early.pk).exists()
        assert is_waiting == (status in (Status.NEW, Status.CONTACTING)), status
