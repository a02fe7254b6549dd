"""Inserting rows at little cost, and deleting many without blocking other writers."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import JSONField, Model, QuerySet

# Rows per transaction. SQLite has one writer: a patient's request waits a few milliseconds for a batch.
BATCH_SIZE = 500
# Types of most values. The database drivers accept them as they are.
UNCONVERTED_TYPES = frozenset({str, int, bool, type(None)})


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


def insert(rows: Sequence[Model]) -> None:
    """Insert rows of one model in one statement, and set their primary keys.

    The ORM builds the same statement again for each row, which takes longer than to execute it. No signal is
    sent, and neither ``save`` nor ``pre_save`` is called.
    """
    model, database = type(rows[0]), connections[DEFAULT_DB_ALIAS]
    fields = _inserted_fields(model)
    values = [_prepared(field, getattr(row, field.attname), database) for row in rows for field in fields]
    with database.cursor() as cursor:
        cursor.execute(_insert_statement(model, len(rows)), values)
        for row, (pk,) in zip(rows, cursor.fetchall(), strict=True):
            row.pk, row._state.adding, row._state.db = pk, False, database.alias


def _prepared(field: Any, value: Any, database: BaseDatabaseWrapper) -> Any:
    if type(value) in UNCONVERTED_TYPES and not isinstance(field, JSONField):
        return value
    return field.get_db_prep_save(value, database)


@cache
def _inserted_fields(model: type[Model]) -> list[Any]:
    return [field for field in model._meta.local_concrete_fields if not field.primary_key]


@cache
def _insert_statement(model: type[Model], count: int) -> str:
    quoted, pk = connections[DEFAULT_DB_ALIAS].ops.quote_name, model._meta.pk
    assert pk
    columns = [quoted(field.column) for field in _inserted_fields(model)]
    values = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * count)
    into = f"{quoted(model._meta.db_table)} ({', '.join(columns)})"
    return f"INSERT INTO {into} VALUES {values} RETURNING {quoted(pk.column)}"  # noqa: S608 - names of the model
