"""The mail worker: leases due messages one at a time, sends them, and records the results.

No transaction is open while it talks to a server. Any number of workers may run. If one is killed, its
lease expires and another worker takes the message. A message that may have arrived is sent once more, with
the same Message-ID; if that attempt is not confirmed either, it is listed for staff instead.

The worker polls: a message becomes visible to it exactly when it is committed, and no request waits for it.
"""

import logging
import os
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.conf import settings
from django.core.mail import get_connection
from django.db import DatabaseError, close_old_connections, connection, transaction
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.mail.email import email_for
from clinic_site.mail.models import ERROR_LENGTH, OutgoingMessage, OutgoingMessageQuerySet
from clinic_site.mail.queue import NO_CONTENT, storable
from clinic_site.mail.signals import reader_informed

logger = logging.getLogger(__name__)

BACKENDS = {
    "smtp": "django.core.mail.backends.smtp.EmailBackend",
    "folder": "django.core.mail.backends.filebased.EmailBackend",
}
# One attempt takes at most about five minutes (EMAIL_TIMEOUT for each answer), the last three of them after
# the message was handed over.
LEASE = timedelta(minutes=10)
MIN_LEASE_LEFT = timedelta(minutes=3)
# Pauses after the first, second, … failed attempt; the last one repeats until ``give_up_at``.
RETRY_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
PAUSE_AFTER_UNCONFIRMED = timedelta(hours=1)
MAX_UNCONFIRMED_ATTEMPTS = 2
POLL_SECONDS = 2.0
POLL_SECONDS_AFTER_ERROR = 5.0


class LeaseLostError(Exception):
    """The lease has expired, or is about to: another worker may take the message."""


class Stop(Protocol):
    """Stops a worker: a ``threading.Event``, or the signals of the command."""

    def is_set(self) -> bool: ...

    def wait(self, seconds: float, /) -> bool: ...


@dataclass
class BatchResult:
    sent: int = 0
    postponed: int = 0
    failed: int = 0
    unreachable: str = ""  # why the server could not be used

    def __str__(self) -> str:
        return f"Sent {self.sent}, to be retried {self.postponed}, failed {self.failed}."


def send_due(stop: Stop | None = None) -> BatchResult:
    """Send every message that is due now, until ``stop`` is set. Raises ``DatabaseError`` only."""
    result, started_at = BatchResult(), timezone.now()
    while not (stop and stop.is_set()) and (message := lease(started_at)):
        try:
            _send(message, result)
        except LeaseLostError:
            logger.warning("mail lease lost", extra={"data": {"mail": message.pk}})
    if result.unreachable:
        logger.error("mail server unreachable: %s", result.unreachable)
    return result


def send_forever(stop: Stop, *, parent: int | None = None) -> None:
    """Send due messages until ``stop`` is set, or the process ``parent`` has ended."""
    while not stop.is_set() and parent in (None, os.getppid()):
        wait = POLL_SECONDS
        try:
            send_due(stop)
        except DatabaseError:
            logger.exception("mail worker: the database did not answer")
            wait = POLL_SECONDS_AFTER_ERROR
        close_old_connections()
        stop.wait(wait)


def lease(due_at: datetime) -> OutgoingMessage | None:
    """Lease the message that has been due longest, or return None."""
    while OutgoingMessage.objects.due(due_at).exists():  # without a lock, as there is nearly always none
        with transaction.atomic(durable=True):
            due = OutgoingMessage.objects.due(due_at)
            if connection.features.has_select_for_update_skip_locked:
                due = due.select_for_update(skip_locked=True)
            message = due.first()
            if message is None:
                return None
            # Compare and set: where rows cannot be locked, of two workers one updates no row.
            if _leased(message).update(attempts=F("attempts") + 1, next_attempt_at=timezone.now() + LEASE):
                message.attempts += 1
                return message
    return None


def _leased(message: OutgoingMessage) -> OutgoingMessageQuerySet:
    """The row, unless another worker has leased it since: each lease increases ``attempts``."""
    return OutgoingMessage.objects.waiting().filter(pk=message.pk, attempts=message.attempts)


def _send(message: OutgoingMessage, result: BatchResult) -> None:
    if message.unconfirmed_attempts >= MAX_UNCONFIRMED_ATTEMPTS:
        return _fail(message, result, _may_have_arrived())
    # Attempts that end in no result, such as those of a message that kills its worker, must end too.
    if message.attempts > len(RETRY_PAUSES) + 1 and timezone.now() > message.give_up_at + LEASE:
        return _fail(message, result, message.last_error or _("Each attempt to send it was interrupted."))
    if result.unreachable:
        return _postpone(message, result, result.unreachable)
    server = None
    unconfirmed_before = message.unconfirmed_attempts
    try:
        email = email_for(message)
        email.message()
        try:
            server = get_connection(BACKENDS[settings.MAIL_DELIVERY])
            server.open()
        except Exception as error:
            # The code alone: an answer to a password may repeat it.
            result.unreachable = f"{type(error).__name__} {getattr(error, 'smtp_code', '')}".strip()
            return _postpone(message, result, result.unreachable)
        _count_unconfirmed(message)
        server.send_messages([email])
        _record_sent(message)
        reader_informed.send_robust(OutgoingMessage, message=message)
        result.sent += 1
        logger.info("mail sent", extra={"data": _log_data(message)})
    except (DatabaseError, LeaseLostError):
        raise
    except (smtplib.SMTPException, OSError) as error:
        code, answer = _answer_in(error)
        if 400 <= code < 600:
            message.unconfirmed_attempts = unconfirmed_before
            # A refused sender is a mistake in the settings, which can be corrected within the day.
            is_permanent = code >= 500 and not isinstance(error, smtplib.SMTPSenderRefused)
            words = f"{code} {' '.join(answer.decode('utf-8', 'replace').split())}"
            (_fail if is_permanent else _postpone)(message, result, words)
        elif message.unconfirmed_attempts >= MAX_UNCONFIRMED_ATTEMPTS:
            _fail(message, result, _may_have_arrived())
        else:
            _postpone(message, result, _("The mail server did not answer (%s).") % type(error).__name__)
    except Exception as error:
        # The type alone: the error's text may contain the address.
        logger.exception("mail cannot be sent", extra={"data": _log_data(message)})
        _fail(message, result, _("It could not be sent (%s).") % type(error).__name__)
    finally:
        if server is not None:
            with suppress(Exception):
                server.close()
    return None


def _answer_in(error: Exception) -> tuple[int, bytes]:
    """The server's answer; (0, b"") if the connection broke instead."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return next(iter(error.recipients.values()))
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        return error.smtp_code, answer if isinstance(answer, bytes) else answer.encode()
    return 0, b""


def _count_unconfirmed(message: OutgoingMessage) -> None:
    """Record that the message may arrive from now on. Raises ``LeaseLostError``."""
    row = _leased(message).filter(next_attempt_at__gt=timezone.now() + MIN_LEASE_LEFT)
    if not row.update(unconfirmed_attempts=F("unconfirmed_attempts") + 1):
        raise LeaseLostError
    message.unconfirmed_attempts += 1


def _postpone(message: OutgoingMessage, result: BatchResult, error: str) -> None:
    now = timezone.now()
    if now >= message.give_up_at:
        return _fail(message, result, error)
    pause = RETRY_PAUSES[min(message.attempts, len(RETRY_PAUSES)) - 1]
    if message.unconfirmed_attempts:
        pause = max(pause, PAUSE_AFTER_UNCONFIRMED)
    _record(message, next_attempt_at=min(now + pause, message.give_up_at), last_error=error)
    result.postponed += 1
    return None


def _fail(message: OutgoingMessage, result: BatchResult, error: str) -> None:
    _record(message, failed_at=timezone.now(), last_error=error)
    result.failed += 1
    logger.warning("mail could not be sent", extra={"data": _log_data(message)})


def _record_sent(message: OutgoingMessage) -> None:
    """Record that it was sent, even if a later message superseded it meanwhile."""
    rows = OutgoingMessage.objects.filter(pk=message.pk, attempts=message.attempts, sent_at=None)
    _record(
        message,
        rows.filter(Q(failed_at=None) | Q(is_superseded=True)),
        sent_at=timezone.now(),
        failed_at=None,
        resolved_at=None,
        is_superseded=False,
        last_error="",
        **NO_CONTENT,
    )


def _record(
    message: OutgoingMessage,
    rows: OutgoingMessageQuerySet | None = None,
    *,
    last_error: str,
    **changes: object,
) -> None:
    """Store a result. Raises ``LeaseLostError`` if another worker has leased the message since."""
    changes |= {
        "last_error": storable(last_error)[:ERROR_LENGTH],
        "unconfirmed_attempts": message.unconfirmed_attempts,
    }
    if not (_leased(message) if rows is None else rows).update(**changes):
        raise LeaseLostError


def _may_have_arrived() -> str:
    return _("It was sent twice, and the mail server confirmed neither attempt: it may have arrived.")


def _log_data(message: OutgoingMessage) -> dict[str, object]:
    """The loggable facts about a message: nothing about a person."""
    return {"mail": message.pk, "kind": message.kind, "attempts": message.attempts}
