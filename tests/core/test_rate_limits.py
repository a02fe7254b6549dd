"""A limit lets through exactly as many as it says, whoever tries at the same moment."""

import multiprocessing
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, connections
from django.test import RequestFactory

from clinic_site.core import rate_limits
from clinic_site.core.models import RateLimitCounter
from clinic_site.core.rate_limits import Limit, network_address

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TRIES, AT_ONCE = 640, 16


def let_through(limit: Limit, subject: str, tries: int) -> int:
    return sum(limit.lets_through(subject) for _ in range(tries))


@pytest.mark.django_db
def test_as_many_pass_as_the_limit_says_and_then_none() -> None:
    limit = Limit("reports", attempts=3, period=HOUR)

    assert [limit.lets_through("203.0.113.7") for _ in range(5)] == [True, True, True, False, False]


@pytest.mark.django_db
def test_each_subject_and_each_scope_has_a_count_of_its_own() -> None:
    reports, sign_in = Limit("reports", 1, HOUR), Limit("sign-in", 1, HOUR)

    assert reports.lets_through("203.0.113.7")
    assert reports.lets_through("203.0.113.8")
    assert sign_in.lets_through("203.0.113.7")
    assert not reports.lets_through("203.0.113.7")


@pytest.mark.django_db
def test_a_new_window_begins_when_the_old_one_has_ended() -> None:
    limit = Limit("reports", 2, HOUR)
    with time_machine.travel(NOON, tick=False) as clock:
        assert let_through(limit, "a", 5) == 2
        clock.shift(HOUR - timedelta(seconds=1))
        assert let_through(limit, "a", 5) == 0
        clock.shift(timedelta(seconds=1))
        assert let_through(limit, "a", 5) == 2


@pytest.mark.django_db
def test_who_is_refused_does_not_make_the_window_longer() -> None:
    limit = Limit("reports", 1, HOUR)
    with time_machine.travel(NOON, tick=False) as clock:
        limit.lets_through("a")
        for _ in range(60):
            clock.shift(timedelta(minutes=1))
            let_through(limit, "a", 1)
        assert RateLimitCounter.objects.get().ends_at == NOON + 2 * HOUR


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_640_tries_in_threads_exactly_50_pass() -> None:
    limit = Limit("reports", 50, HOUR)

    def run(_number: int) -> int:
        try:
            return let_through(limit, "203.0.113.7", TRIES // AT_ONCE)
        finally:
            connection.close()

    with ThreadPoolExecutor(AT_ONCE) as pool:
        passed = sum(pool.map(run, range(AT_ONCE)))

    assert passed == 50
    assert RateLimitCounter.objects.get().count == 50


def _in_a_process(passed: Any, tries: int) -> None:
    try:
        passed.put(let_through(Limit("reports", 50, HOUR), "203.0.113.7", tries))
    finally:
        connections.close_all()


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_of_640_tries_in_processes_exactly_50_pass() -> None:
    connections.close_all()  # a connection does not survive a fork
    context = multiprocessing.get_context("fork")
    passed = context.Queue()
    processes = [
        context.Process(target=_in_a_process, args=(passed, TRIES // 8), daemon=True) for _ in range(8)
    ]
    for process in processes:
        process.start()
    counts = [passed.get(timeout=60) for _ in processes]
    for process in processes:
        process.join(timeout=20)

    assert sum(counts) == 50


@pytest.mark.django_db
def test_the_table_holds_no_address() -> None:
    Limit("reports", 5, HOUR).lets_through("203.0.113.7")

    row = RateLimitCounter.objects.values().get()
    assert "203.0.113" not in str(row)
    assert len(row["subject"]) == 64


@pytest.mark.django_db
def test_the_hash_of_an_address_needs_the_secret_key(settings: Any) -> None:
    limit = Limit("reports", 5, HOUR)
    limit.lets_through("203.0.113.7")
    settings.SECRET_KEY = "another key"
    limit.lets_through("203.0.113.7")

    assert RateLimitCounter.objects.count() == 2


@pytest.mark.django_db
def test_counts_that_matter_no_more_can_be_removed() -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        Limit("reports", 5, HOUR).lets_through("old")
        clock.shift(HOUR)
        Limit("reports", 5, HOUR).lets_through("new")

        assert rate_limits.forget_old() == 1
        assert RateLimitCounter.objects.count() == 1


@pytest.mark.parametrize(
    ("behind_proxy", "remote", "forwarded", "counted"),
    [
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
    ],
)
def test_where_a_request_comes_from(
    settings: Any, behind_proxy: bool, remote: str, forwarded: str, counted: str
) -> None:
    settings.BEHIND_PROXY = behind_proxy
    headers = {"x-forwarded-for": forwarded} if forwarded else {}

    request = RequestFactory().post("/", REMOTE_ADDR=remote, headers=headers)

    assert network_address(request) == counted
