"""Workers in processes of their own: several at once, killed at random moments, and a server that fails."""

import os
import random
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connections

from clinic_site.mail import delivery, worker
from clinic_site.mail.models import OutgoingMessage
from tests.mail.mail_helpers import Child, a_message, impatient, messages, running

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# How many workers are killed. The suite's number is small; OUTBOX_KILLS=100 for a long look.
KILLS = int(os.environ.get("OUTBOX_KILLS", "10"))
AT_MOST_SECONDS = 300


def forever() -> None:
    worker.send_forever(threading.Event())


def wait_until(holds: Callable[[], bool], seconds: float = AT_MOST_SECONDS) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.02)


def test_four_workers_at_once_send_each_of_forty_messages_once(settings: Any) -> None:
    queued = messages(40)
    with running(settings) as server:
        server.slowness = (0.005, 0.005)
        workers = [Child(worker.send_due) for _ in range(4)]
        assert [each.ended() for each in workers] == [0] * 4
    assert server.copies == {message.message_id: 1 for message in queued}
    assert OutgoingMessage.objects.filter(sent_at__isnull=False).count() == 40


def test_workers_killed_at_random_moments_lose_nothing_and_send_nothing_three_times(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, answer_within=20)
    dice = random.Random(4)
    queued = messages(KILLS + 10)
    with running(settings) as server:
        # Slow on both sides of taking a message: a worker is often killed while it waits for the answer.
        server.slowness = (0.01, 0.02)
        for _ in range(KILLS):
            before = server.connections
            with Child(forever):
                wait_until(lambda: server.connections > before)  # noqa: B023 - called at once
                time.sleep(dice.uniform(0, 0.15))
        with Child(forever):
            wait_until(lambda: not OutgoingMessage.objects.waiting().exists())
    copies = [server.copies.get(message.message_id, 0) for message in queued]
    assert max(copies) <= 2
    told = set(OutgoingMessage.objects.could_not_be_told().values_list("message_id", flat=True))
    silent = [message for message in queued if not server.copies.get(message.message_id)]
    assert {message.message_id for message in silent} <= told, "what did not arrive, staff know of"
    # Only what was interrupted twice over its own text is left to staff: rare, and most of it arrived.
    assert len(told) <= KILLS // 4


def test_down_then_refusing_then_silent_then_up_all_mail_arrives(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    impatient(monkeypatch, answer_within=1)
    stop, queued = threading.Event(), []

    def work() -> None:
        try:
            worker.send_forever(stop)
        finally:
            connections.close_all()

    def somebody_queues() -> None:
        for _ in range(5):
            queued.append(a_message())
            time.sleep(0.1)

    thread = threading.Thread(target=work)
    with running(settings) as server:
        server.stop()
        thread.start()
        try:
            somebody_queues()
            server.replies = {"RCPT": "451 4.3.0 Not now"}
            server.start()
            somebody_queues()
            # It still refuses: a worker that is past its greeting must not slip through between the two.
            server.silent_at = "EHLO"
            somebody_queues()
            server.silent_at = "RCPT"
            somebody_queues()
            assert not server.received
            impatient(monkeypatch, answer_within=20)
            server.replies, server.silent_at = {}, ""
            wait_until(lambda: not OutgoingMessage.objects.waiting().exists())
        finally:
            stop.set()
            thread.join(timeout=10)
    assert server.copies == {message.message_id: 1 for message in queued}
    assert len(queued) == 20


def test_a_writer_never_waits_for_a_server_that_is_silent(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is locked while a server is talked to: others store what they like meanwhile."""
    with running(settings) as server:
        server.silent_at = "RCPT"
        a_message()
        with Child(worker.send_due):
            wait_until(lambda: server.connections == 1)
            waits = []
            for _ in range(20):
                began = time.monotonic()
                a_message()
                waits.append(time.monotonic() - began)
    # Who waited for the server would wait as long as the worker does.
    assert max(waits) < delivery.ANSWER_WITHIN / 2
