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
from typing import Any, NamedTuple

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
        return _count(self.counter(subject), amount=amount, most=self.attempts).get(self.scope)

    def charge(self, subject: str, amount: int) -> None:
        """Count what an allowed attempt turned out to cost, also above the limit."""
        _count(self.counter(subject), amount=amount)

    def counter(self, subject: str) -> tuple[str, str, timedelta]:
        """Return the scope, a keyed hash of the subject, and the period.

        The table alone reveals no address, and scopes cannot be correlated.
        """
        hashed = salted_hmac(__name__, f"{self.scope}:{subject}", algorithm="sha256").hexdigest()
        return self.scope, hashed, self.period


def charge_all(*attempts: tuple[Limit, str]) -> list[int]:
    """Count an attempt for each limit and subject, also above the limit; return the numbers so far.

    One statement. In a transaction, only what is committed counts.
    """
    counts = _count(*(limit.counter(subject) for limit, subject in attempts))
    return [counts.get(limit.scope, MAX_COUNT) for limit, _subject in attempts]


class Refusals(NamedTuple):
    """How often a limit was reached, and since when."""

    scope: str
    times: int
    since: datetime


def record_refusal(scope: str) -> None:
    """Count that a limit was reached, for the staff's first page. Call it outside a transaction."""
    _count((scope, "", REPORT_PERIOD))


def recent_refusals(now: datetime) -> list[Refusals]:
    """Return the limits that were reached within ``REPORT_PERIOD``. One query."""
    counters = RateLimitCounter.objects.filter(subject="", ends_at__gt=now).order_by("scope")
    return [Refusals(row.scope, row.count, row.ends_at - REPORT_PERIOD) for row in counters]


def _count(*counters: tuple[str, str, timedelta], amount: int = 1, most: int = MAX_COUNT) -> dict[str, int]:
    """Count up to ``most``; return the number so far for each scope, without those that would be above."""
    if amount > most:
        return {}
    now = timezone.now()
    # The database's own format, which comparisons in SQL need.
    stored = connection.ops.adapt_datetimefield_value
    table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
    values: list[Any] = []
    for scope, subject, period in counters:
        values += [scope, subject, amount, stored(now + period)]
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {table} (scope, subject, count, ends_at)
            VALUES {", ".join(["(%s, %s, %s, %s)"] * len(counters))}
            ON CONFLICT (scope, subject) DO UPDATE SET
                count = CASE WHEN {table}.ends_at <= %s THEN 0 ELSE {table}.count END + excluded.count,
                ends_at = CASE WHEN {table}.ends_at <= %s THEN excluded.ends_at ELSE {table}.ends_at END
            WHERE {table}.ends_at <= %s OR {table}.count + excluded.count <= %s
            RETURNING scope, count
            """,  # noqa: S608 - nothing in it but the table's own name
            [*values, stored(now), stored(now), stored(now), most],
        )
        # Above the limit no row is updated, and none returned.
        return dict(cursor.fetchall())


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
