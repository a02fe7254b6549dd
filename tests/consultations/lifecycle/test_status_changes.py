"""A status changes by compare and set, with its event."""

from datetime import UTC, datetime

import pytest
import time_machine

from clinic_site.accounts.roles import COORDINATOR
from consultations.lifecycle import errors, status_changes
from consultations.models import Event
from consultations.workflow import Status
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db


def test_a_change_is_stored_with_who_did_it_and_when() -> None:
    request, actor = a_request(), staff(COORDINATOR)
    at = datetime(2026, 3, 2, 5, tzinfo=UTC)
    with time_machine.travel(at, tick=False):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
    assert (request.status, request.status_changed_at) == (Status.CONTACTING, at)
    request.refresh_from_db()
    assert (request.status, request.status_changed_at) == (Status.CONTACTING, at)
    event = request.events.get(kind=Event.Kind.STATUS_CHANGED)
    assert (event.from_status, event.to_status, event.actor, event.at) == ("new", "contacting", actor, at)


def test_what_the_workflow_forbids_is_refused() -> None:
    request = a_request()
    with pytest.raises(errors.NotAllowedError):
        status_changes.change_status(
            request, Status.COMPLETED, actor=staff(COORDINATOR), expected_status=Status.NEW
        )
    request.refresh_from_db()
    assert request.status == Status.NEW
    assert request.events.count() == 1


def test_whoever_comes_second_is_told_and_changes_nothing() -> None:
    request, actor = a_request(), staff(COORDINATOR)
    status_changes.change_status(request, Status.DECLINED, actor=actor, expected_status=Status.NEW)
    with pytest.raises(errors.SomeoneElseChangedError):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert request.events.count() == 2


def test_a_change_whose_event_cannot_be_written_does_not_happen(monkeypatch: pytest.MonkeyPatch) -> None:
    request, actor = a_request(), staff(COORDINATOR)

    def fails(**values: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(Event.objects, "create", fails)
    with pytest.raises(OSError, match="full"):
        status_changes.change_status(request, Status.CONTACTING, actor=actor, expected_status=Status.NEW)
    request.refresh_from_db()
    assert request.status == Status.NEW


@pytest.mark.parametrize("status", Status)
def test_a_patient_is_told_every_status_but_that_of_spam(status: Status) -> None:
    told = a_request(status=status).status_for_patient
    assert told == (Status.NEW if status == Status.QUARANTINED else status)
