"""The worker: takes what is due, one message at a time, sends it, and records what became of it.

No transaction is open while a server is talked to. Any number of workers may run: a message is leased
to one of them. A worker that is killed loses nothing: its lease ends, and another takes the message.
What it had handed over when it was killed may have arrived, and is sent a second time, with the same
Message-ID; what was handed over twice without an answer is not sent a third time by itself, but listed
for staff.

Whatever goes wrong with one message fails that message, which staff are told, and no other.

Nothing wakes it: it asks every two seconds what is due, by an index over the few rows that wait. What
is queued is visible to it exactly when it is committed, on any machine, and no request can be delayed or
fail by waking anybody.
"""

import logging
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.mail.delivery import NoAnswerError, RefusedError, UnreachableError, delivery
from clinic_site.mail.mime import letter
from clinic_site.mail.models import REASON_LENGTH, OutgoingMessage, OutgoingMessageQuerySet
from clinic_site.mail.queue import NOTHING_WRITTEN, storable

logger = logging.getLogger(__name__)

# How long a worker has for one message before another may take it. One try lasts at most about three
# minutes (``delivery``), the last of them after it was handed over.
LEASE = timedelta(minutes=10)
HAND_OVER_BEFORE_END = timedelta(minutes=2)
# After the first failed try, the second, …; the last one from then on, until a day has passed.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
# After a message that may have arrived: the server gets time to come to itself.
PAUSE_AFTER_SILENCE = timedelta(hours=1)
HANDED_OVER_AT_MOST = 2
# Seconds between two looks at the table; after an error of the database.
LOOK_EVERY = 2.0
LOOK_AGAIN_AFTER_ERROR = 5.0


class LeaseLostError(Exception):
    """This worker took so long that the message may be another worker's by now."""


class Stop(Protocol):
    """What tells a worker to stop: a ``threading.Event``, or the signals of the command."""

    def is_set(self) -> bool: ...

    def wait(self, seconds: float, /) -> bool: ...


@dataclass
class Pass:
    """What became of the messages that were due."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    unreachable: str = ""  # why no message could go

    def __str__(self) -> str:
        return f"Sent {self.sent}, to be tried again {self.postponed}, given up {self.failed}."


def send_due(stop: Stop | None = None) -> Pass:
    """Send every message that is due now, until ``stop`` is set. Raises ``DatabaseError`` only."""
    done, began = Pass(), timezone.now()
    while not (stop and stop.is_set()) and (message := lease(began)):
        try:
            _send(message, done)
        except LeaseLostError:
            logger.warning("mail lease lost", extra={"data": {"mail": message.pk}})
    if done.unreachable:
        logger.error("mail server unreachable: %s", done.unreachable)
    return done


def send_forever(stop: Stop, *, parent: int | None = None) -> None:
    """Send what is due, again and again, until ``stop`` is set, or the process ``parent`` has ended."""
    while not stop.is_set() and parent in (None, os.getppid()):
        wait = LOOK_EVERY
        try:
            send_due(stop)
        except DatabaseError:
            logger.exception("mail worker: the database did not answer")
            wait = LOOK_AGAIN_AFTER_ERROR
        close_old_connections()
        stop.wait(wait)


def lease(due_at: datetime) -> OutgoingMessage | None:
    """Take the message that has been due longest, for this worker alone. None if there is none."""
    while OutgoingMessage.objects.due(due_at).exists():  # without a lock, as nearly always there is none
        with transaction.atomic(durable=True):
            due = OutgoingMessage.objects.due(due_at)
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True)
            message = due.first()
            if message is None:
                return None  # others have the rest
            # Compare and set: where rows cannot be locked, of two workers one finds no row left.
            if _leased(message).update(attempts=F("attempts") + 1, next_attempt_at=timezone.now() + LEASE):
                message.attempts += 1
                return message
    return None


def _leased(message: OutgoingMessage) -> OutgoingMessageQuerySet:
    """The row while no other worker has taken it since: each lease counts ``attempts`` up."""
    return OutgoingMessage.objects.waiting().filter(pk=message.pk, attempts=message.attempts)


def _send(message: OutgoingMessage, done: Pass) -> None:
    if message.unanswered >= HANDED_OVER_AT_MOST:
        return _fail(message, done, _may_have_arrived())
    if _is_tried_out(message):
        return _fail(message, done, message.reason or _("Each try to send it was interrupted."))
    if done.unreachable:
        return _postpone(message, done, done.unreachable)
    try:
        content = letter(message).as_bytes()
    except Exception as error:
        logger.exception("mail cannot be written", extra={"data": _facts(message)})
        return _fail(message, done, f"It cannot be written as a message ({type(error).__name__}).")

    way, known_unanswered = delivery(), message.unanswered
    try:
        way.deliver(message, content, lambda: _hand_over(message))
        _record_sent(message)
        done.sent += 1
        logger.info("mail sent", extra={"data": _facts(message)})
    except (DatabaseError, LeaseLostError):
        raise
    except RefusedError as error:
        message.unanswered = known_unanswered
        (_fail if error.for_good else _postpone)(message, done, str(error))
    except UnreachableError as error:
        done.unreachable = str(error)
        _postpone(message, done, str(error))
    except NoAnswerError as error:
        if message.unanswered >= HANDED_OVER_AT_MOST:
            _fail(message, done, _may_have_arrived())
        else:
            _postpone(message, done, _("The mail server did not answer (%s).") % error)
    except Exception as error:
        # Not its words: they may hold the address, and the log says them without.
        logger.exception("mail cannot be sent", extra={"data": _facts(message)})
        name = type(error).__name__
        if message.unanswered > known_unanswered:
            _fail(message, done, _("It could not be sent (%s), and may have arrived.") % name)
        else:
            _fail(message, done, _("It could not be sent (%s).") % name)
    finally:
        way.close()
    return None


def _is_tried_out(message: OutgoingMessage) -> bool:
    """Its day is over and it has had its tries, though none came to an end that could be recorded.

    So it is with a message that kills whatever process takes it: each lease would begin that again.
    """
    return message.attempts > len(PAUSES) + 1 and timezone.now() > message.give_up_at + LEASE


def _hand_over(message: OutgoingMessage) -> None:
    """Note that from now on the message may have been taken, unless the lease is about to end."""
    enough = timezone.now() + HAND_OVER_BEFORE_END
    if not _leased(message).filter(next_attempt_at__gt=enough).update(unanswered=F("unanswered") + 1):
        raise LeaseLostError
    message.unanswered += 1


def _postpone(message: OutgoingMessage, done: Pass, reason: str) -> None:
    """Try again after the next pause; after a day, no more."""
    now = timezone.now()
    if now >= message.give_up_at:
        return _fail(message, done, reason)
    pause = PAUSES[min(message.attempts, len(PAUSES)) - 1]
    if message.unanswered:
        pause = max(pause, PAUSE_AFTER_SILENCE)
    _record(message, next_attempt_at=min(now + pause, message.give_up_at), reason=reason)
    done.postponed += 1
    return None


def _fail(message: OutgoingMessage, done: Pass, reason: str) -> None:
    """Give up: staff have to tell it another way."""
    _record(message, failed_at=timezone.now(), reason=reason)
    done.failed += 1
    logger.warning("mail could not be sent", extra={"data": _facts(message)})


def _record_sent(message: OutgoingMessage) -> None:
    """It went: also where a later message took its place while it was on its way."""
    now, row = timezone.now(), OutgoingMessage.objects.filter(pk=message.pk, attempts=message.attempts)
    going = row.filter(Q(failed_at=None) | Q(is_superseded=True), sent_at=None)
    _record(
        message,
        going,
        sent_at=now,
        failed_at=None,
        settled_at=None,
        is_superseded=False,
        reason="",
        **NOTHING_WRITTEN,
    )


def _record(
    message: OutgoingMessage,
    rows: OutgoingMessageQuerySet | None = None,
    *,
    reason: str,
    **changes: object,
) -> None:
    """What became of a message, unless its lease has ended and another worker has taken it."""
    changes |= {"reason": storable(reason)[:REASON_LENGTH], "unanswered": message.unanswered}
    if not (_leased(message) if rows is None else rows).update(**changes):
        raise LeaseLostError


def _may_have_arrived() -> str:
    return _("It was handed to the mail server twice, without an answer: it may have arrived.")


def _facts(message: OutgoingMessage) -> dict[str, object]:
    """What a log may hold of a message: nothing about a person."""
    return {"mail": message.pk, "kind": message.kind, "attempts": message.attempts}
