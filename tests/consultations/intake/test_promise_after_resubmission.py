"""A request that waits again gets a new promise; a past promise is never shown."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from clinic_site.clinic import business_hours
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.models import ConsultationRequest
from consultations.portal.presenters import RequestStatusPresenter
from consultations.workflow import Status
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.consultations.messaging.message_helpers import a_clinic
from tests.factories import a_request, a_submission, change_status

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        open_every_day()
        a_clinic(answer_within_hours=4)
        yield travelled


def test_released_request_gets_a_future_promise(clock: Any) -> None:
    by_mail = {"contact_method": "email", "email": "ayesha@example.com"}
    request = submission.submit(a_submission(suspicions=("trap",), **by_mail))
    first = request.promised_by
    clock.shift(timedelta(days=3))
    change_status(request, Status.NEW)
    assert request.promised_by == business_hours.promised_by(timezone.now()) > timezone.now()
    assert request.promised_by != first
    text = OutgoingMessage.objects.get(kind="acknowledgement").text
    assert business_hours.by_moment(request.promised_by) in text


def test_reopened_request_is_not_late(clock: Any) -> None:
    for closed in (Status.WITHDRAWN, Status.DECLINED, Status.UNREACHABLE):
        request = a_request(status=closed)
        clock.shift(timedelta(days=20))
        change_status(request, Status.CONTACTING)
        assert request.promised_by == business_hours.promised_by(timezone.now())
        assert not RequestStatusPresenter(request).is_late
        due = ConsultationRequest.objects.due_by(timezone.now(), timezone.now())
        assert not due.filter(pk=request.pk).exists(), closed


def test_answered_promise_and_that_of_an_open_request_stay(clock: Any) -> None:
    answered, waiting = a_request(status=Status.UNREACHABLE), a_request()
    ConsultationRequest.objects.filter(pk=answered.pk).update(first_contact_at=timezone.now())
    clock.shift(timedelta(days=20))
    for request, steps in ((answered, [Status.CONTACTING]), (waiting, [Status.CONTACTING, Status.NEW])):
        first = request.promised_by
        change_status(request, *steps)
        assert request.promised_by == first is not None
