"""Rate limits in the database, which hold across threads, processes and machines.

One row counts the attempts of one subject in one window. Checking and counting is one statement, so the
limit is exact under concurrency. A window starts with the first attempt: around the change of two windows,
twice the limit may pass.
"""

import ipaddress
import logging
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import OperationalError, connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from clinic_site.core.models import RateLimitCounter

logger = logging.getLogger(__name__)

# The subject of all unreadable addresses.
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Limit:
    """At most ``attempts`` in ``period`` for each subject. ``scope`` is what is limited: "feedback"."""

    scope: str
    attempts: int
    period: timedelta
    # Whether an attempt that cannot be counted fails (``OperationalError``), or is allowed.
    must_count: bool = True

    def allow(self, subject: str) -> bool:
        """Count one attempt of a subject, such as ``network_address(request)``; return False over the limit.

        Call it outside a transaction: a rollback would undo the count.
        """
        try:
            return self._count(subject)
        except OperationalError:
            if self.must_count:
                raise
            logger.warning("an attempt cannot be counted: %s", self.scope)
            return True

    def _count(self, subject: str) -> bool:
        now = timezone.now()
        # A keyed hash: the table alone reveals no address, and scopes cannot be correlated.
        hashed = salted_hmac(__name__, f"{self.scope}:{subject}", algorithm="sha256").hexdigest()
        # The database's own format, which comparisons in SQL need.
        stored = connection.ops.adapt_datetimefield_value
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
                    "subject": hashed,
                    "now": stored(now),
                    "end": stored(now + self.period),
                    "limit": self.attempts,
                },
            )
            # Over the limit no row is updated, and none returned.
            return bool(cursor.fetchall())


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
