"""A status changes by compare and set, with its event; waiting requests are listed by age."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from clinic_site.accounts.roles import COORDINATOR
from consultations.lifecycle import errors, status_changes
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

AT = datetime(2026, 3, 2, 5, tzinfo=UTC)


def test_change_is_stored_with_actor_and_time() -> None:
    request, actor = a_request(), staff(COORDINATOR)
    with time_machine.travel(AT, tick=False):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
    assert (request.status, request.status_changed_at) == (Status.CONTACTING, AT)
    request.refresh_from_db()
    assert (request.status, request.status_changed_at) == (Status.CONTACTING, AT)
    event = request.events.get(kind=Event.Kind.STATUS_CHANGED)
    assert (event.from_status, event.to_status, event.actor, event.at) == ("new", "contacting", actor, AT)


def test_forbidden_and_stale_changes_are_refused() -> None:
    request, actor = a_request(), staff(COORDINATOR)
    with pytest.raises(errors.NotAllowedError):
        status_changes.change_status(request, Status.COMPLETED, actor=actor, expected_status=Status.NEW)
    status_changes.change_status(request, Status.DECLINED, actor=actor, expected_status=Status.NEW)
    with pytest.raises(errors.SomeoneElseChangedError):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert request.events.count() == 2


def test_change_is_rolled_back_without_its_event(monkeypatch: pytest.MonkeyPatch) -> None:
    request, actor = a_request(), staff(COORDINATOR)

    def fails(**values: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event.objects, "create", fails)
    with pytest.raises(OSError, match="full"):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
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
