"""Inserting rows at little cost, and deleting many without blocking other writers."""

from collections.abc import Sequence
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connections
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


def insert(row: Model) -> None:
    """Insert a row and set its primary key.

    The ORM builds the same statement again for each row, which takes longer than to execute it. No signal is
    sent, and neither ``save`` nor ``pre_save`` is called.
    """
    model, database = type(row), connections[DEFAULT_DB_ALIAS]
    pk = model._meta.pk
    assert pk
    values = [
        value
        if type(value := getattr(row, field.attname)) in unconverted
        else field.get_db_prep_save(value, database)
        for field, unconverted in _inserted_fields(model)
    ]
    with database.cursor() as cursor:
        cursor.execute(f"{_statement(model, 1)} RETURNING {database.ops.quote_name(pk.column)}", values)
        [(row.pk,)] = cursor.fetchall()
    row._state.adding, row._state.db = False, database.alias


def insert_values(model: type[Model], rows: Sequence[Sequence[Any]]) -> None:
    """Insert rows in one statement: for each, the values of all columns but the primary key, as stored."""
    with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
        cursor.execute(_statement(model, len(rows)), [value for row in rows for value in row])


@cache
def _inserted_fields(model: type[Model]) -> list[tuple[Any, frozenset[Any]]]:
    """The fields, with the types of their values that need no conversion."""
    fields = [field for field in model._meta.local_concrete_fields if not field.primary_key]
    return [(field, frozenset() if isinstance(field, JSONField) else UNCONVERTED_TYPES) for field in fields]


@cache
def _statement(model: type[Model], rows: int) -> str:
    quoted = connections[DEFAULT_DB_ALIAS].ops.quote_name
    columns = [quoted(field.column) for field, _unconverted in _inserted_fields(model)]
    values = ", ".join([f"({', '.join(['%s'] * len(columns))})"] * rows)
    into = f"{quoted(model._meta.db_table)} ({', '.join(columns)})"
    return f"INSERT INTO {into} VALUES {values}"  # noqa: S608 - names of the model
