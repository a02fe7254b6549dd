"""Limits against abuse that hold across threads, processes and machines, with nothing but the database.

One row counts the tries of one subject in one window of time. Trying and counting is one statement, so
of any number at the same moment exactly as many are let through as the limit says. A window begins with
the first try: across the end of one window and the start of the next, twice the limit may pass.
"""

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinic_site.core.batch_delete import delete_in_batches
from clinic_site.core.models import RateLimitCounter

# What an address that cannot be read counts as: one subject for all of them.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Limit:
    """At most ``attempts`` in ``period`` for each subject. ``scope`` is what is limited: "feedback"."""

    scope: str
    attempts: int
    period: timedelta

    def lets_through(self, subject: str) -> bool:
        """Count one more try of a subject, such as ``network_address(request)``; False over the limit.

        Call it outside a transaction: one that is rolled back takes the count back with it.
        """
        now = timezone.now()
        table = connection.ops.quote_name(RateLimitCounter._meta.db_table)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                INSERT INTO {table} (scope, subject, count, ends_at)
                VALUES (%(scope)s, %(subject)s, 1, %(end)s)
                ON CONFLICT (scope, subject) DO UPDATE SET
                    count = CASE WHEN {table}.ends_at <= %(now)s THEN 1 ELSE {table}.count + 1 END,
                    ends_at = CASE WHEN {table}.ends_at <= %(now)s THEN %(end)s ELSE {table}.ends_at END
                WHERE {table}.ends_at <= %(now)s OR {table}.count < %(limit)s
                RETURNING count
                """,  # noqa: S608 - nothing in it but the table's own name
                {
                    "scope": self.scope,
                    "subject": _hashed(self.scope, subject),
                    "now": _stored(now),
                    "end": _stored(now + self.period),
                    "limit": self.attempts,
                },
            )
            # No row comes back where the limit kept the row as it was.
            return bool(cursor.fetchall())


def network_address(request: HttpRequest) -> str:
    """Where a request comes from, as a limit counts it: an IPv4 address, or the network of an IPv6 one.

    Behind a proxy of ours the proxy's own word counts, the last entry of X-Forwarded-For: all before it
    is what the sender wrote.
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
        # One customer has all the addresses of a /64, and would have a limit for each of them.
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def forget_old(now: datetime | None = None) -> int:
    """Remove what counts no more, a little at a time; returns how many rows went."""
    return delete_in_batches(old(now or timezone.now()))


def old(now: datetime) -> QuerySet[RateLimitCounter]:
    """The counts of windows that have ended."""
    return RateLimitCounter.objects.filter(ends_at__lte=now)


def _hashed(scope: str, subject: str) -> str:
    """A subject as it is kept: who has only the table learns no address from it, and joins no two scopes."""
    return salted_hmac("clinic_site.core.rate_limits", f"{scope}:{subject}", algorithm="sha256").hexdigest()


def _stored(moment: datetime) -> Any:
    """A moment as this database keeps it: what is compared must be written alike."""
    return connection.ops.adapt_datetimefield_value(moment)
