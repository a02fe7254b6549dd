"""Workers that are killed, or take longer than their lease: a second copy at most, and nothing lost."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from tests.mail.mail_helpers import a_message, stored
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State


class KilledError(BaseException):
    """Stands for kill -9: nothing after it is done."""


def killed_at(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    def kill(*args: Any, **kwargs: Any) -> None:
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(worker, name, kill)
        with pytest.raises(KilledError):
            worker.send_due()


def test_a_message_whose_worker_was_killed_is_taken_when_the_lease_ends(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    killed_at(monkeypatch, "letter")
    clock.shift(worker.LEASE - timedelta(seconds=1))
    assert worker.send_due().sent == 0
    clock.shift(timedelta(seconds=1))
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}


def test_killed_between_the_answer_and_its_record_it_is_sent_twice_with_one_id_and_no_more(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    for _ in range(2):
        killed_at(monkeypatch, "_record")
        clock.shift(worker.LEASE)
    assert worker.send_due().failed == 1
    assert server.copies == {message.message_id: 2}
    assert "it may have arrived" in stored(message).reason


def test_a_worker_whose_lease_has_ended_neither_sends_nor_records(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    slow_letter = worker.letter

    def letter(message: OutgoingMessage) -> Any:
        monkeypatch.setattr(worker, "letter", slow_letter)
        clock.shift(worker.LEASE)
        assert worker.send_due().sent == 1, "another worker takes it meanwhile"
        return slow_letter(message)

    monkeypatch.setattr(worker, "letter", letter)
    assert worker.send_due().sent == 0
    assert server.copies == {message.message_id: 1}
    assert stored(message).state == State.SENT


def test_a_message_that_kills_each_worker_that_takes_it_is_given_up_after_its_day(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    while datetime.now(UTC) <= message.give_up_at + worker.LEASE:
        killed_at(monkeypatch, "letter")
        clock.shift(worker.LEASE)
    assert worker.send_due().failed == 1
    assert stored(message).state == State.FAILED
    assert stored(message).reason


@pytest.mark.parametrize("too_late", ["taken by another", "about to end"])
def test_a_worker_that_took_too_long_does_not_hand_over_what_another_may_have(
    server: MailServer, clock: time_machine.Traveller, monkeypatch: pytest.MonkeyPatch, too_late: str
) -> None:
    message = a_message()
    real_letter = worker.letter

    def slow_letter(message: OutgoingMessage) -> Any:
        if too_late == "about to end":
            clock.shift(worker.LEASE - timedelta(minutes=1))
        else:
            clock.shift(worker.LEASE)
            assert worker.lease(datetime.now(UTC)), "another worker has it, and is not done yet"
        return real_letter(message)

    with monkeypatch.context() as patch:
        patch.setattr(worker, "letter", slow_letter)
        worker.send_due()
    assert not server.received
    clock.shift(worker.LEASE)
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}
