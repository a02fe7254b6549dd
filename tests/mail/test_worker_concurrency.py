"""Several workers, expired leases, and workers that are killed."""

import random
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinic_site.core.management.repeating_command import repeat
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from tests.concurrency import Child
from tests.mail.mail_helpers import a_message, messages, running, stored
from tests.mail.smtp_server import MailServer

State = OutgoingMessage.State
# One after another in this process, with a frozen clock.
one_process = pytest.mark.django_db
# Real processes in real time.
processes = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

KILLS = 6
MAX_SECONDS = 300


class KilledError(BaseException):
    """Simulates kill -9: nothing after it runs."""


def killed_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def kill(*args: Any, **kwargs: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(worker, name, kill)
        with pytest.raises(KilledError):
            worker.send_due()


@one_process
def test_message_of_killed_worker_is_sent_when_the_lease_ends(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    killed_at(monkeypatch, "email_for")
    clock.shift(worker.LEASE - timedelta(seconds=1))
    assert worker.send_due().sent == 0
    clock.shift(timedelta(seconds=1))
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}


@one_process
def test_worker_killed_before_recording_sends_at_most_one_duplicate(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    for _ in range(2):
        killed_at(monkeypatch, "_record")
        clock.shift(worker.LEASE)
    assert worker.send_due().failed == 1
    assert server.copies == {message.message_id: 2}
    assert "it may have arrived" in stored(message).last_error


@one_process
def test_message_that_kills_every_worker_fails_after_its_day(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    while datetime.now(UTC) <= message.give_up_at + worker.LEASE:
        killed_at(monkeypatch, "email_for")
        clock.shift(worker.LEASE)
    assert worker.send_due().failed == 1
    assert stored(message).state == State.FAILED
    assert stored(message).last_error


@one_process
def test_worker_neither_sends_nor_records_after_its_lease(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    real_email_for = worker.email_for

    def about_to_end() -> None:
        clock.shift(worker.LEASE - timedelta(minutes=1))

    def leased_by_another() -> None:
        clock.shift(worker.LEASE)
        assert worker.lease(datetime.now(UTC))

    for number, delay in enumerate((about_to_end, leased_by_another)):
        message = a_message()

        def slow_email_for(row: OutgoingMessage, delay: Callable[[], None] = delay) -> Any:
            delay()
            return real_email_for(row)

        with monkeypatch.context() as patch:
            patch.setattr(worker, "email_for", slow_email_for)
            worker.send_due()
        assert len(server.received) == number
        clock.shift(worker.LEASE)
        assert worker.send_due().sent == 1
        assert server.copies[message.message_id] == 1


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + MAX_SECONDS
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)


def work_forever() -> None:
    repeat(worker.send_due, 0.05, threading.Event())


class TestProcesses:
    pytestmark = processes

    @pytest.fixture
    def seconds_for_minutes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """These tests run in real time."""
        monkeypatch.setattr(worker, "LEASE", timedelta(seconds=2.5))
        monkeypatch.setattr(worker, "MIN_LEASE_LEFT", timedelta(0))
        monkeypatch.setattr(worker, "RETRY_PAUSES", (timedelta(seconds=0.2),))
        monkeypatch.setattr(worker, "PAUSE_AFTER_UNCONFIRMED", timedelta(seconds=0.2))

    def test_three_workers_send_each_of_twenty_messages_once(self, settings: Any) -> None:
        queued = messages(20)
        with running(settings) as server:
            server.slowness = (0.005, 0.005)
            workers = [Child(worker.send_due) for _ in range(3)]
            assert [each.ended() for each in workers] == [0] * 3
        assert server.copies == {message.message_id: 1 for message in queued}
        assert OutgoingMessage.objects.filter(sent_at__isnull=False).count() == 20

    def test_worker_killed_in_a_batch_doubles_only_the_message_in_flight(
        self, settings: Any, seconds_for_minutes: None
    ) -> None:
        queued = messages(6)
        with running(settings) as server:
            # It has taken the third message, and not confirmed it yet.
            server.slowness = (0.0, 0.5)
            with Child(work_forever):
                wait_until(lambda: len(server.received) == 3)
            server.slowness = (0.0, 0.0)
            with Child(work_forever):
                wait_until(lambda: not OutgoingMessage.objects.waiting().exists())
        order = [mail["Message-ID"] for mail in server.mails]
        expected = [message.message_id for message in queued]
        assert order == [*expected, expected[2]], "the others do not wait for the lease to end"
        assert OutgoingMessage.objects.filter(sent_at__isnull=False).count() == 6

    def test_workers_killed_at_random_lose_nothing_and_send_nothing_three_times(
        self, settings: Any, seconds_for_minutes: None
    ) -> None:
        dice = random.Random(4)
        queued = messages(KILLS + 6)
        with running(settings) as server:
            # Slow before and after taking a message, so that many workers are killed at that moment.
            server.slowness = (0.01, 0.02)
            for _ in range(KILLS):
                before = server.connections
                with Child(work_forever):
                    wait_until(lambda: server.connections > before)  # noqa: B023 - called at once
                    time.sleep(dice.uniform(0, 0.15))
            with Child(work_forever):
                wait_until(lambda: not OutgoingMessage.objects.waiting().exists())
        copies = [server.copies.get(message.message_id, 0) for message in queued]
        assert max(copies) <= 2
        undelivered = set(OutgoingMessage.objects.undelivered().values_list("message_id", flat=True))
        missing = {message.message_id for message in queued if not server.copies.get(message.message_id)}
        assert missing <= undelivered, "staff know of every message that did not arrive"
        # Only a message interrupted twice is left to staff: rare, and most of them arrived.
        assert len(undelivered) <= KILLS // 4

    def test_writers_do_not_wait_for_a_silent_server(self, settings: Any) -> None:
        with running(settings) as server:
            server.silent_at = "RCPT"
            a_message()
            with Child(worker.send_due):
                wait_until(lambda: server.connections == 1)
                started = time.monotonic()
                messages(20)
                assert time.monotonic() - started < settings.EMAIL_TIMEOUT / 2
