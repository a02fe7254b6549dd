"""Removing many rows without standing in anybody's way."""

from typing import Any

from django.db.models import QuerySet

# Rows in one statement. SQLite has one writer: whoever stores a request waits a few milliseconds for these.
BATCH = 500


def delete_in_batches(rows: QuerySet[Any], size: int = BATCH) -> int:
    """Delete rows, so many in a transaction of their own; how many there were, with what hangs on them.

    Killed in the middle, what is left stays for the next time. A row that no longer fits ``rows`` when its
    turn comes stays too.
    """
    gone = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:size]):
        gone += rows.filter(pk__in=keys).delete()[0]
        if len(keys) < size:
            break
    return gone
