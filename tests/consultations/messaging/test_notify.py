"""No message, however broken, costs a request: what could not be written stands in its timeline."""

from typing import Any

import pytest

from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.lifecycle import status_changes
from consultations.messaging import catalogue
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.factories import a_request, a_submission, staff

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


def breaks(*args: Any) -> None:
    raise RuntimeError("a template without an end")


@pytest.mark.parametrize("message", ["received", "new_request"])
def test_a_request_is_stored_although_its_message_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, message: str
) -> None:
    monkeypatch.setattr(catalogue, message, breaks)
    submission.submit(a_submission(**BY_EMAIL))
    request = ConsultationRequest.objects.get()
    assert request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT).count() == 1
    assert OutgoingMessage.objects.count() == 1  # the other one


def test_a_status_changes_although_its_message_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    request = a_request(**BY_EMAIL)
    monkeypatch.setattr(catalogue, "status_changed", breaks)
    status_changes.change_status(request, Status.DECLINED, actor=staff(), expected_status=Status.NEW)
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert request.events.filter(kind=Event.Kind.NOTIFICATION_NOT_SENT).exists()


def test_what_was_set_aside_is_acknowledged_once_a_person_lets_it_in() -> None:
    request = submission.submit(a_submission(**BY_EMAIL, suspicions=("trap",)))
    assert not OutgoingMessage.objects.exists()
    status_changes.change_status(request, Status.NEW, actor=staff(), expected_status=Status.QUARANTINED)
    assert list(OutgoingMessage.objects.values_list("kind", "to")) == [
        ("acknowledgement", "ayesha@example.com")
    ]


def test_what_was_set_aside_and_withdrawn_is_never_written_to() -> None:
    request = submission.submit(a_submission(**BY_EMAIL, suspicions=("trap",)))
    status_changes.change_status(request, Status.WITHDRAWN, actor=staff(), expected_status=Status.QUARANTINED)
    assert not OutgoingMessage.objects.exists()
