"""Rate limits are exact, also under concurrency."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
import time_machine
from django.db import transaction
from django.test import RequestFactory

from clinic_site.core import rate_limits
from clinic_site.core.models import RateLimitCounter
from clinic_site.core.rate_limits import Limit, network_address
from tests.concurrency import Child, in_threads

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def allowed(limit: Limit, subject: str, attempts: int) -> int:
    return sum(limit.allow(subject) for _ in range(attempts))


@pytest.mark.django_db
def test_limit_counts_attempts_by_subject_and_scope() -> None:
    reports, sign_in = Limit("reports", attempts=3, period=HOUR), Limit("sign-in", 1, HOUR)
    assert [reports.allow("203.0.113.7") for _ in range(5)] == [True, True, True, False, False]
    assert reports.allow("203.0.113.8")
    assert sign_in.allow("203.0.113.7")


@pytest.mark.django_db
def test_new_window_begins_when_the_old_one_has_ended() -> None:
    limit = Limit("reports", 2, HOUR)
    with time_machine.travel(NOON, tick=False) as clock:
        assert allowed(limit, "a", 5) == 2
        clock.shift(HOUR - timedelta(seconds=1))
        assert allowed(limit, "a", 5) == 0
        clock.shift(timedelta(seconds=1))
        assert allowed(limit, "a", 5) == 2


@pytest.mark.django_db
def test_refused_attempt_does_not_extend_the_window() -> None:
    limit = Limit("reports", 1, HOUR)
    with time_machine.travel(NOON, tick=False) as clock:
        limit.allow("a")
        for _ in range(60):
            clock.shift(timedelta(minutes=1))
            allowed(limit, "a", 1)
        assert RateLimitCounter.objects.exclude(subject="").get().ends_at == NOON + 2 * HOUR


@pytest.mark.django_db
def test_amounts_count_only_when_all_of_them_fit() -> None:
    limit = Limit("bytes", 100, HOUR)
    with time_machine.travel(NOON, tick=False) as clock:
        assert [limit.count("a", amount) for amount in (60, 41, 40, 1, 101)] == [60, None, 100, None, None]
        assert limit.count("b", 101) is None
        clock.shift(HOUR)
        assert limit.count("a", 30) == 30


@pytest.mark.django_db
def test_refusals_are_reported_for_a_day_without_a_subject() -> None:
    reports, silent = Limit("reports", 1, HOUR), Limit("silent", 1, HOUR, is_reported=False)
    with time_machine.travel(NOON, tick=False) as clock:
        allowed(silent, "a", 3)
        assert rate_limits.recent_refusals(NOON) == []
        for subject in ("a", "b"):
            allowed(reports, subject, 3)
        assert rate_limits.recent_refusals(NOON) == [("reports", 4, NOON)]
        clock.shift(timedelta(hours=24))
        assert rate_limits.recent_refusals(NOON + timedelta(hours=24)) == []
        allowed(reports, "a", 2)
        assert rate_limits.recent_refusals(NOON + timedelta(hours=24)) == [
            ("reports", 1, NOON + timedelta(hours=24))
        ]


@pytest.mark.django_db
def test_count_in_a_transaction_is_undone_by_a_rollback() -> None:
    limit = Limit("requests", 1, HOUR)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        limit.count("a")
        1 / 0  # noqa: B018
    assert limit.allow("a")


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_limit_is_exact_across_threads_and_processes() -> None:
    limit = Limit("reports", 50, HOUR)
    for subject in ("threads", "processes"):
        attempt = partial(allowed, limit, subject, 20)
        if subject == "threads":
            assert sum(in_threads(*[attempt] * 8)) == 50
        else:
            workers = [Child(attempt) for _ in range(4)]
            assert [worker.ended() for worker in workers] == [0] * 4
    assert [counter.count for counter in RateLimitCounter.objects.exclude(subject="")] == [50, 50]


@pytest.mark.django_db
def test_table_holds_keyed_hashes_instead_of_addresses(settings: Any) -> None:
    limit = Limit("reports", 5, HOUR)
    limit.allow("203.0.113.7")
    row = RateLimitCounter.objects.values().get()
    assert "203.0.113" not in str(row)
    assert len(row["subject"]) == 64
    settings.SECRET_KEY = "another key"
    limit.allow("203.0.113.7")
    assert RateLimitCounter.objects.count() == 2


def test_network_address_of_a_request(settings: Any) -> None:
    for behind_proxy, remote, forwarded, counted in (
        (False, "203.0.113.7", "", "203.0.113.7"),
        (False, "203.0.113.7", "198.51.100.1", "203.0.113.7"),
        (True, "127.0.0.1", "198.51.100.1", "198.51.100.1"),
        (True, "127.0.0.1", "made up, 10.0.0.1, 198.51.100.1", "198.51.100.1"),
        (True, "203.0.113.7", "", "203.0.113.7"),
        (True, "127.0.0.1", "198.51.100.1, nonsense", rate_limits.UNKNOWN),
        (False, "", "", rate_limits.UNKNOWN),
        (False, "2001:db8:1:2:3:4:5:6", "", "2001:db8:1:2::/64"),
        (False, "2001:db8:1:2::9", "", "2001:db8:1:2::/64"),
        (False, "::ffff:203.0.113.7", "", "203.0.113.7"),
    ):
        settings.BEHIND_PROXY = behind_proxy
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        request = RequestFactory().post("/", REMOTE_ADDR=remote, headers=headers)
        assert network_address(request) == counted, (behind_proxy, remote, forwarded)
