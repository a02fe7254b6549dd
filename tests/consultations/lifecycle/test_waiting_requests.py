"""Who waits, and in which order."""

from datetime import UTC, datetime, timedelta

import pytest

from consultations import workflow
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.factories import a_request

pytestmark = pytest.mark.django_db

MORNING = datetime(2026, 3, 2, 4, tzinfo=UTC)


def test_the_one_that_has_waited_longest_comes_first() -> None:
    late, early, middle = (a_request(created_at=MORNING + timedelta(hours=hours)) for hours in (3, 1, 2))
    assert list(ConsultationRequest.objects.waiting()) == [early, middle, late]


def test_only_what_waits_for_the_clinic_is_waiting() -> None:
    requests = {status: a_request(status=status) for status in Status}
    waiting = set(ConsultationRequest.objects.waiting())
    assert waiting == {requests[status] for status in workflow.WAITING}
