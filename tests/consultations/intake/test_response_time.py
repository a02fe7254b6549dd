"""The usual response time: published with consent, and computed from enough requests."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic_site.clinic.models import ClinicProfile, OpeningHours
from consultations.intake.response_time import usual_response_hours
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.factories import a_request

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
SENTENCE = "half of all requests had a first call or message from us within"


@pytest.fixture(autouse=True)
def now() -> Iterator[Any]:
    """Freeze the clock, for a clinic that is open at night too, so that an hour is an hour."""
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="00:00", closes="23:59:59.999999")
    ClinicProfile.objects.create(name="A Clinic", answer_within_hours=7, shows_answer_time=True)
    with time_machine.travel(NOW, tick=False) as traveler:
        yield traveler


def sent(count: int, *, ago: timedelta = 5 * DAY, answered_after: timedelta | None = None) -> None:
    """Create ``count`` requests, copies of one that was sent: only their times matter here."""
    copy = a_request(created_at=NOW - ago)
    copy.first_contact_at = None if answered_after is None else copy.created_at + answered_after
    copy.save()
    pk, reference = copy.pk, copy.reference
    for number in range(count - 1):
        copy.pk, copy.reference, copy.key_hash = None, f"{reference[:7]}{number:04}", f"{pk}-{number}"
        copy.save(force_insert=True)


def hours(at: datetime = NOW) -> int | None:
    cache.clear()
    return usual_response_hours(at)


def page(client: Client) -> str:
    return " ".join(client.get("/consultation/").content.decode().split())


def test_sentence_is_published_with_consent_only(client: Client) -> None:
    assert ClinicProfile(name="Another").shows_answer_time is False
    sent(20, answered_after=4 * HOUR + timedelta(minutes=1))
    assert f"In the last 30 days, {SENTENCE} 5 hours in which the clinic was open." in page(client)
    ClinicProfile.objects.update(shows_answer_time=False)
    assert SENTENCE not in page(client)
    ClinicProfile.objects.all().delete()
    assert SENTENCE not in page(client)


def test_sentence_about_one_hour(client: Client) -> None:
    sent(20, answered_after=timedelta(0))
    assert f"{SENTENCE} 1 hour in which" in page(client)


def test_full_hour_is_not_rounded_up_and_opening_hours_are_needed() -> None:
    sent(20, answered_after=3 * HOUR)
    assert hours() == 3
    OpeningHours.objects.all().delete()
    assert hours() is None


def test_figure_needs_twenty_answered_requests() -> None:
    sent(19, answered_after=HOUR)
    assert hours() is None
    sent(1, answered_after=HOUR)
    assert hours() == 1


def test_waiting_requests_count_as_slowest() -> None:
    sent(20, answered_after=HOUR)
    sent(5, answered_after=9 * HOUR)
    sent(16)
    assert hours() == 9  # the 21st of 41
    sent(10)
    assert hours() is None  # half of all have had no contact: there is nothing true to tell


def test_old_and_quarantined_requests_do_not_count() -> None:
    sent(30, ago=31 * DAY, answered_after=HOUR)
    assert hours() is None
    sent(20, answered_after=2 * HOUR)
    spam = a_request(created_at=NOW - DAY, status=Status.QUARANTINED)
    ConsultationRequest.objects.filter(pk=spam.pk).update(first_contact_at=NOW)
    assert hours() == 2


def test_figure_is_cached_for_ten_minutes_within_a_day(now: Any) -> None:
    midnight = datetime(2026, 3, 4, 19, tzinfo=UTC)  # at the clinic
    now.move_to(midnight - timedelta(minutes=5))
    sent(20, answered_after=HOUR)
    assert usual_response_hours(midnight - timedelta(minutes=5)) == 1
    ConsultationRequest.objects.update(first_contact_at=None)
    assert usual_response_hours(midnight - timedelta(minutes=1)) == 1
    now.move_to(midnight)
    assert usual_response_hours(midnight) is None
    ConsultationRequest.objects.update(first_contact_at=NOW - 5 * DAY + 2 * HOUR)
    now.move_to(midnight + timedelta(minutes=10, seconds=1))
    assert usual_response_hours(midnight) == 2


def test_figure_takes_no_query_from_the_cache(client: Client) -> None:
    sent(20, answered_after=HOUR)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    page(client)
    with_figure = queries()
    ClinicProfile.objects.update(shows_answer_time=False)
    assert queries() == with_figure
