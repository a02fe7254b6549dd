"""Rate limits in the database, which hold across threads, processes and machines.

One row counts the attempts of one subject in one window. Checking and counting is one statement, so the
limit is exact under concurrency. A window starts with the first attempt: around the change of two windows,
twice the limit may pass.

What a limit refuses is counted too, for all subjects together, in a row without a subject: staff read it on
their first page.
"""

import ipaddress
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinic_site.core.models import RateLimitCounter

logger = logging.getLogger(__name__)

# The subject of all unreadable addresses.
UNKNOWN = "unknown"

# The period for which staff see that a limit was reached.
REPORT_PERIOD = timedelta(hours=24)
MAX_COUNT = 1_000_000


@dataclass(frozen=True)
class Limit:
    """At most ``attempts`` in ``period`` for each subject, such as ``network_address(request)``.

    ``scope`` is what is limited, in words that staff understand: "feedback from a network".
    """

    scope: str
    attempts: int
    period: timedelta
    is_reported: bool = True
    # Whether an attempt that cannot be counted fails (``OperationalError``), or is allowed.
    must_count: bool = True

    def allow(self, subject: str, amount: int = 1) -> bool:
        """Count attempts of a subject. Over the limit, count a refusal instead and return False.

        Call it outside a transaction, because a rollback would undo the count; or inside, if a rollback
        of what it allows must undo it (``procedures.staff.review_reminders``).
        """
        try:
            is_allowed = self.count(subject, amount) is not None
            if not is_allowed and self.is_reported:
                record_refusal(self.scope)
        except OperationalError:
            if self.must_count:
                raise
            logger.warning("an attempt cannot be counted: %s", self.scope)
            return True
        return is_allowed

    def count(self, subject: str, amount: int = 1) -> int | None:
        """Count attempts and return the subject's number so far; None, with nothing counted, over the limit.

        In a transaction, only what is committed counts.
        """
        return _count(self.scope, self._hashed(subject), amount, self.period, self.attempts)

    def charge(self, subject: str, amount: int) -> None:
        """Count what an allowed attempt turned out to cost, also above the limit."""
        _count(self.scope, self._hashed(subject), amount, self.period, MAX_COUNT)

    def _hashed(self, subject: str) -> str:
        """Return a keyed hash: the table alone reveals no address, and scopes cannot be correlated."""
        return salted_hmac(__name__, f"{self.scope}:{subject}", algorithm="sha256").hexdigest()


class Refusals(NamedTuple):
    """How often a limit was reached, and since when."""

    scope: str
    times: int
    since: datetime


def record_refusal(scope: str) -> None:
    """Count that a limit was reached, for the staff's first page. Call it outside a transaction."""
    _count(scope, "", 1, REPORT_PERIOD, MAX_COUNT)


def recent_refusals(now: datetime) -> list[Refusals]:
    """Return the limits that were reached within ``REPORT_PERIOD``. One query."""
    counters = RateLimitCounter.objects.filter(subject="", ends_at__gt=now).order_by("scope")
    return [Refusals(row.scope, row.count, row.ends_at - REPORT_PERIOD) for row in counters]


def _count(scope: str, subject: str, amount: int, period: timedelta, limit: int) -> int | None:
    if amount > limit:
        return None
    now = timezone.now()
    # The database's own format, which comparisons in SQL need.
    stored = connection.ops.adapt_datetimefield_value
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} (scope, subject, count, ends_at)
            VALUES (%(scope)s, %(subject)s, %(amount)s, %(end)s)
            ON CONFLICT (scope, subject) DO UPDATE SET
                count = CASE WHEN {table}.ends_at <= %(now)s THEN 0 ELSE {table}.count END + %(amount)s,
                ends_at = CASE WHEN {table}.ends_at <= %(now)s THEN %(end)s ELSE {table}.ends_at END
            WHERE {table}.ends_at <= %(now)s OR {table}.count + %(amount)s <= %(limit)s
            RETURNING count
            """,  # noqa: S608 - nothing in it but the table's own name
            {
                "scope": scope,
                "subject": subject,
                "amount": amount,
                "now": stored(now),
                "end": stored(now + period),
                "limit": limit,
            },
        )
        # Over the limit no row is updated, and none returned.
        rows = cursor.fetchall()
    return rows[0][0] if rows else None


def network_address(request: HttpRequest) -> str:
    """Return the IPv4 address, or the IPv6 /64 network, from which a request comes.

    Behind our proxy it is the last entry of X-Forwarded-For; the sender controls the others.
    """
    address = request.META.get("REMOTE_ADDR", "")
    forwarded = request.headers.get("x-forwarded-for", "")
    if settings.BEHIND_PROXY and forwarded:
        address = forwarded.rpartition(",")[2]
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return UNKNOWN
    if isinstance(found, ipaddress.IPv6Address):
        # One customer has all addresses of a /64.
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
