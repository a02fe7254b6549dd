"""What is live: a stamp that is another one as soon as anything that patients are shown has changed.

The stamp is a random token in a table of one row. The database itself renews it, by triggers, in the
transaction that changes a row which public pages show: no writer can forget it, neither ``save()`` nor
``update()`` nor a hand at the database's own prompt, and no reader sees the one without the other. It is
random, not a number, so that a database restored from a backup never comes back to a stamp under which
other pages were kept.

Each app registers what its public pages show (``shown``), and what time changes (``changes_with_time``).
``tests/clinic_site/test_live_stamp.py`` fails when a page reads a table that nobody registered.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from functools import cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from clinic_site.core.models import ContentVersion

# The columns of each table that public pages show; none named: all of them, and which rows there are.
_shown: dict[type[models.Model], tuple[str, ...]] = {}
# The tables and the columns of time.
_moments: list[tuple[str, str]] = []

PREFIX = "live_stamp_"
FUNCTION = "live_stamp_renew"
NEW_TOKEN = {
    "sqlite": "lower(hex(randomblob(16)))",
    "postgresql": "replace(gen_random_uuid()::text, '-', '')",
}


def shown(*shown_models: type[models.Model], fields: tuple[str, ...] = ()) -> None:
    """Public pages show rows of these models as they are now, not as they were published.

    With ``fields``, only a change of these counts: the rest of such a row is the working copy.
    """
    for model in shown_models:
        _shown[model] = tuple(_column(model, name) for name in fields)


def changes_with_time(model: type[models.Model], field: str) -> None:
    """What patients are shown changes when the time in this field comes, though nothing is written then."""
    _moments.append((model._meta.db_table, _column(model, field)))


def _column(model: type[models.Model], field: str) -> str:
    column: str = model._meta.get_field(field).column  # type: ignore[union-attr,assignment]
    return column


def shown_tables() -> dict[str, tuple[str, ...]]:
    """The registered tables and their columns; none: all of them."""
    return {model._meta.db_table: columns for model, columns in _shown.items()}


def stamp(now: datetime) -> str:
    """What is live now, as a short text. One query, by index, whatever the number of pages.

    Raises ``LookupError`` while there is no stamp, and ``DatabaseError`` as any query does.
    """
    sql, moments = _query()
    # Not through ``django.db.connection``, which looks this up again with each attribute.
    connection = connections[DEFAULT_DB_ALIAS]
    at = connection.ops.adapt_datetimefield_value(now)
    with connection.cursor() as cursor:
        cursor.execute(sql, [at] * moments)
        row = cursor.fetchone()
    if row is None:
        raise LookupError("There is no stamp of what is live: run `manage.py migrate`.")
    return " ".join(map(str, row))


@cache
def _query() -> tuple[str, int]:
    """The statement, written once: the query compiler would take ten times as long as the database."""
    latest = "".join(
        f', (SELECT MAX("{column}") FROM "{table}" WHERE "{column}" <= %s)'  # noqa: S608 - our own names
        for table, column in _moments
    )
    return f'SELECT token{latest} FROM "{ContentVersion._meta.db_table}" WHERE id = 1', len(_moments)  # noqa: S608


# The triggers


def remove_triggers(using: str = DEFAULT_DB_ALIAS, plan: Any = None, **kwargs: Any) -> None:
    """Before a migration: it may rebuild any table, which SQLite refuses while a trigger names it."""
    if plan:
        database = connections[using]
        with database.cursor() as cursor:
            _drop(cursor, database.vendor, _installed(database))


def install_triggers(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """After a migration: the row and the triggers, and a new stamp, for a migration may change content."""
    database = connections[using]
    if ContentVersion._meta.db_table not in database.introspection.table_names():
        return
    wanted, installed = _wanted(database.vendor), _installed(database)
    if wanted.keys() == installed.keys() and ContentVersion.objects.using(using).filter(pk=1).exists():
        return
    with transaction.atomic(using=using), database.cursor() as cursor:
        _drop(cursor, database.vendor, installed)
        for statement in (*_function(database.vendor), *wanted.values()):
            cursor.execute(statement)
        ContentVersion.objects.using(using).get_or_create(pk=1)
        cursor.execute(_renewal(database.vendor))


def require_triggers() -> None:
    """Raises ``LookupError`` while a change of content would not be noticed."""
    missing = _wanted(connection.vendor).keys() - _installed(connection).keys()
    if missing:
        raise LookupError(f"Run `manage.py migrate`: there is no trigger {min(missing)}.")


def _renewal(vendor: str) -> str:
    return f'UPDATE "{ContentVersion._meta.db_table}" SET token = {NEW_TOKEN[vendor]} WHERE id = 1'  # noqa: S608


def _function(vendor: str) -> Iterable[str]:
    """PostgreSQL's triggers call a function; those of SQLite hold the statement themselves."""
    if vendor == "postgresql":
        yield (
            f"CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN {_renewal(vendor)}; RETURN NULL; END $$"
        )


def _wanted(vendor: str) -> dict[str, str]:
    """The triggers as their names and statements. A name is made of its statement, and changes with it."""
    statements: list[str] = []
    for table, columns in shown_tables().items():
        events = ("UPDATE",) if columns else ("INSERT", "UPDATE", "DELETE")
        differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
        changed = " OR ".join(f'OLD."{column}" {differs} NEW."{column}"' for column in columns)
        when = f"WHEN ({changed}) " if columns else ""
        if vendor == "postgresql":
            each = "ROW" if columns else "STATEMENT"
            action = f"FOR EACH {each} {when}EXECUTE FUNCTION {FUNCTION}()"
            statements.append(f'AFTER {" OR ".join(events)} ON "{table}" {action}')
        else:
            action = f"FOR EACH ROW {when}BEGIN {_renewal(vendor)}; END"
            statements += [f'AFTER {event} ON "{table}" {action}' for event in events]
    names = (PREFIX + hashlib.sha256(statement.encode()).hexdigest()[:16] for statement in statements)
    return {name: f'CREATE TRIGGER "{name}" {sql}' for name, sql in zip(names, statements, strict=True)}


def _installed(database: BaseDatabaseWrapper) -> dict[str, str]:
    """The triggers that are there, as their names and tables."""
    if database.vendor == "postgresql":
        sql = (
            "SELECT tgname, relname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
            "WHERE NOT tgisinternal AND starts_with(tgname, %s) AND pg_table_is_visible(pg_class.oid)"
        )
    else:
        sql = "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger' AND instr(name, %s) = 1"
    with database.cursor() as cursor:
        cursor.execute(sql, [PREFIX])
        return dict(cursor.fetchall())


def _drop(cursor: Any, vendor: str, installed: dict[str, str]) -> None:
    for name, table in installed.items():
        of_table = f' ON "{table}"' if vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{of_table}')
