"""The mail worker: leases due messages one at a time, sends them, and records the results.

No transaction is open while it talks to a server. Any number of workers may run. If one is killed, its
lease expires and another worker takes the message. A message that may have arrived is sent once more, with
the same Message-ID; if that attempt is not confirmed either, it is listed for staff instead.

The command ``send_mail`` polls: a message becomes visible exactly when it is committed, and no request waits.
"""

import logging
import smtplib
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.mail import get_connection
from django.db import DatabaseError
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.management.repeating_command import Stop
from clinic_site.mail.email import email_for
from clinic_site.mail.models import ERROR_LENGTH, OutgoingMessage, OutgoingMessageQuerySet
from clinic_site.mail.queue import NO_CONTENT, storable
from clinic_site.mail.signals import reader_informed, sending_starts

logger = logging.getLogger(__name__)

# One attempt takes at most about five minutes (EMAIL_TIMEOUT for each answer), the last three of them after
# the message was handed over.
LEASE = timedelta(minutes=10)
MIN_LEASE_LEFT = timedelta(minutes=3)
# Pauses after the first, second, … failed attempt; the last one repeats until ``give_up_at``.
RETRY_PAUSES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60))
# Seconds. Patients who are sending a request come first: SQLite has one writer, and a worker that writes
# without a pause keeps them waiting.
PAUSE_BETWEEN_MESSAGES = 0.05
PAUSE_AFTER_UNCONFIRMED = timedelta(hours=1)
MAX_UNCONFIRMED_ATTEMPTS = 2
MAY_HAVE_ARRIVED = gettext_lazy(
    "It was sent twice, and the mail server confirmed neither attempt: it may have arrived."
)


class LeaseLostError(Exception):
    """The lease has expired, or is about to: another worker may take the message."""


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
    sending_starts.send_robust(OutgoingMessage)
    result, started_at = BatchResult(), timezone.now()
    while not (stop and stop.is_set()) and (message := lease(started_at)):
        try:
            _send(message, result)
        except LeaseLostError:
            logger.warning("mail lease lost", extra={"data": {"mail": message.pk}})
        if stop:
            stop.wait(PAUSE_BETWEEN_MESSAGES)
    if result.unreachable:
        logger.error("mail server unreachable: %s", result.unreachable)
    return result


def lease(due_at: datetime) -> OutgoingMessage | None:
    """Lease the message that has been due longest, or return None."""
    while message := OutgoingMessage.objects.due(due_at).first():
        # Compare and set: of two workers one updates no row, and takes the next message.
        if _leased(message).update(attempts=F("attempts") + 1, next_attempt_at=timezone.now() + LEASE):
            message.attempts += 1
            return message
    return None


def _leased(message: OutgoingMessage) -> OutgoingMessageQuerySet:
    """The row, unless another worker has leased it since: each lease increases ``attempts``."""
    return OutgoingMessage.objects.waiting().filter(pk=message.pk, attempts=message.attempts)


def _send(message: OutgoingMessage, result: BatchResult) -> None:
    if message.unconfirmed_attempts >= MAX_UNCONFIRMED_ATTEMPTS:
        return _fail(message, result, str(MAY_HAVE_ARRIVED))
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
            server = get_connection()
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
            _fail(message, result, str(MAY_HAVE_ARRIVED))
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
    message.sent_at = timezone.now()
    _record(
        message,
        rows.filter(Q(failed_at=None) | Q(is_superseded=True)),
        sent_at=message.sent_at,
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


def _log_data(message: OutgoingMessage) -> dict[str, object]:
    """The loggable facts about a message: nothing about a person."""
    return {"mail": message.pk, "kind": message.kind, "attempts": message.attempts}
