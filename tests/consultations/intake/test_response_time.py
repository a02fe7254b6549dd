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
from django.urls import reverse

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
    cache.clear()
    with time_machine.travel(NOW, tick=False) as traveler:
        yield traveler
    cache.clear()


@pytest.fixture(autouse=True)
def clinic() -> ClinicProfile:
    """Open at night too, so that an hour is an hour."""
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="00:00", closes="23:59:59.999999")
    return ClinicProfile.objects.create(name="A Clinic", answer_within_hours=7, shows_answer_time=True)


def sent(count: int, *, ago: timedelta = 5 * DAY, answered_after: timedelta | None = None) -> None:
    """Create ``count`` requests, copies of one that was sent: only their times matter here."""
    model = a_request(created_at=NOW - ago)
    ConsultationRequest.objects.filter(pk=model.pk).update(
        first_contact_at=None if answered_after is None else model.created_at + answered_after
    )
    model.refresh_from_db()
    copies = []
    for number in range(count - 1):
        copy = ConsultationRequest.objects.get(pk=model.pk)
        copy.pk, copy.reference, copy.key_hash = (
            None,
            f"{model.reference[:7]}{number:04}",
            f"{model.pk}-{number}",
        )
        copies.append(copy)
    ConsultationRequest.objects.bulk_create(copies)


def page(client: Client) -> str:
    return " ".join(client.get(reverse("consultations:start")).content.decode().split())


def test_sentence_rounds_up_to_full_hours(client: Client) -> None:
    sent(20, answered_after=4 * HOUR + timedelta(minutes=1))
    assert f"In the last 30 days, {SENTENCE} 5 hours in which the clinic was open." in page(client)


def test_minimum_is_one_hour(client: Client) -> None:
    sent(20, answered_after=timedelta(0))
    assert f"{SENTENCE} 1 hour in which" in page(client)


def test_full_hour_is_not_rounded_up() -> None:
    sent(20, answered_after=3 * HOUR)
    assert usual_response_hours(NOW) == 3


def test_sentence_needs_the_owners_consent(client: Client, clinic: ClinicProfile) -> None:
    sent(20, answered_after=HOUR)
    ClinicProfile.objects.update(shows_answer_time=False)
    assert SENTENCE not in page(client)


def test_consent_is_off_by_default() -> None:
    assert ClinicProfile(name="Another").shows_answer_time is False


def test_sentence_needs_twenty_answered_requests() -> None:
    sent(19, answered_after=HOUR)
    assert usual_response_hours(NOW) is None
    cache.clear()
    sent(1, answered_after=HOUR)
    assert usual_response_hours(NOW) == 1


def test_waiting_requests_count_as_slowest() -> None:
    sent(20, answered_after=HOUR)
    sent(5, answered_after=9 * HOUR)
    sent(16)
    assert usual_response_hours(NOW) == 9  # the 21st of 41
    cache.clear()
    sent(10)
    assert usual_response_hours(NOW) is None  # half of all have had no contact: there is nothing true to tell


def test_old_and_quarantined_requests_do_not_count() -> None:
    sent(30, ago=31 * DAY, answered_after=HOUR)
    assert usual_response_hours(NOW) is None
    cache.clear()
    sent(20, answered_after=2 * HOUR)
    spam = a_request(created_at=NOW - DAY, status=Status.QUARANTINED)
    ConsultationRequest.objects.filter(pk=spam.pk).update(first_contact_at=NOW)
    assert usual_response_hours(NOW) == 2


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


def test_figure_takes_three_queries_and_none_from_the_cache(client: Client) -> None:
    sent(20, answered_after=HOUR)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            page(client)
        return len(captured)

    ClinicProfile.objects.update(shows_answer_time=False)
    page(client)
    without = queries()
    ClinicProfile.objects.update(shows_answer_time=True)
    assert queries() == without + 3
    assert queries() == without


def test_no_sentence_without_opening_hours() -> None:
    sent(20, answered_after=HOUR)
    OpeningHours.objects.all().delete()
    assert usual_response_hours(NOW) is None


def test_no_sentence_without_a_clinic(client: Client) -> None:
    ClinicProfile.objects.all().delete()
    assert SENTENCE not in page(client)
