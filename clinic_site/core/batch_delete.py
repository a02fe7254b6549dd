"""Deleting many rows without blocking other writers."""

from typing import Any

from django.db.models import QuerySet

# Rows per transaction. SQLite has one writer: a patient's request waits a few milliseconds for a batch.
BATCH_SIZE = 500


def delete_in_batches(rows: QuerySet[Any], size: int = BATCH_SIZE) -> int:
    """Delete rows in transactions of ``size``; return the number deleted, dependent rows included.

    May be interrupted and run again. A row that no longer matches ``rows`` when its batch comes is kept.
    """
    deleted = 0
    while keys := list(rows.order_by("pk").values_list("pk", flat=True)[:size]):
        deleted += rows.filter(pk__in=keys).delete()[0]
        if len(keys) < size:
            break
    return deleted
