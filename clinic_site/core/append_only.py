"""Append-only tables: audit rows that database triggers protect, also against plain SQL.

The triggers refuse every UPDATE, and a DELETE of rows younger than the model's ``retention``. They are
installed after ``migrate`` (SQLite drops them when it rebuilds a table), removed while migrations run, and
checked by the readiness check. Such rows hold no free text, so erasing a patient need not change them.

The one switch: ``manage.py flush`` removes the triggers while it runs, in local mode only. Tests that flush
the database (``transaction=True``, live servers) depend on it.
"""

import hashlib
from datetime import timedelta
from typing import Any, ClassVar

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

PREFIX = "append_only_"
FUNCTION = "append_only_refuse"
# The error is an ``IntegrityError`` on both databases.
POSTGRESQL_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
RAISE EXCEPTION 'append-only: % on % is refused', TG_OP, TG_TABLE_NAME
USING ERRCODE = 'integrity_constraint_violation'; END $$
"""


class AppendOnlyModel(models.Model):
    """Rows that are inserted once, and deleted at the earliest ``retention`` after their ``at``.

    Without a retention they are never deleted.
    """

    retention: ClassVar[timedelta | None] = None

    class Meta:
        abstract = True


def append_only_models() -> list[type[AppendOnlyModel]]:
    return [model for model in apps.get_models() if issubclass(model, AppendOnlyModel)]


def install_triggers(using: str = DEFAULT_DB_ALIAS, **kwargs: Any) -> None:
    """Create the missing triggers, and drop outdated ones."""
    database = connections[using]
    wanted, installed = _wanted(database), _installed(database)
    if wanted.keys() == installed.keys():
        return
    with transaction.atomic(using=using), database.cursor() as cursor:
        _drop(cursor, database, installed)
        if database.vendor == "postgresql":
            cursor.execute(POSTGRESQL_FUNCTION)
        for statement in wanted.values():
            cursor.execute(statement)


def remove_triggers(using: str = DEFAULT_DB_ALIAS) -> None:
    database = connections[using]
    with database.cursor() as cursor:
        _drop(cursor, database, _installed(database))


def before_migrate(using: str = DEFAULT_DB_ALIAS, plan: Any = None, **kwargs: Any) -> None:
    """Let migrations rebuild and convert the tables. A signal receiver."""
    if plan:
        remove_triggers(using)


def require_triggers() -> None:
    """Raise ``LookupError`` while a table is not protected."""
    database = connections[DEFAULT_DB_ALIAS]
    if missing := _wanted(database).keys() - _installed(database).keys():
        raise LookupError(f"Run `manage.py migrate`: the trigger {min(missing)} is missing.")


def _wanted(database: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the CREATE statements by trigger name. A name contains a hash of its statement."""
    is_postgresql = database.vendor == "postgresql"
    tables = set(database.introspection.table_names())
    statements = []
    for model in append_only_models():
        table = model._meta.db_table
        if table not in tables:
            continue
        if is_postgresql:
            action = f"EXECUTE FUNCTION {FUNCTION}()"
            statements.append(f'BEFORE TRUNCATE ON "{table}" FOR EACH STATEMENT {action}')
        else:
            action = f"BEGIN SELECT RAISE(ABORT, 'append-only: {table} rows cannot be changed'); END"
        statements.append(f'BEFORE UPDATE ON "{table}" FOR EACH ROW {action}')
        young = ""
        if model.retention is not None:
            days = model.retention.days
            oldest = (
                f"now() - interval '{days} days'"
                if is_postgresql
                else f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-{days} days')"
            )
            young = f'WHEN (OLD."at" > {oldest}) '
        statements.append(f'BEFORE DELETE ON "{table}" FOR EACH ROW {young}{action}')
    names = (PREFIX + hashlib.sha256(statement.encode()).hexdigest()[:16] for statement in statements)
    return {name: f'CREATE TRIGGER "{name}" {sql}' for name, sql in zip(names, statements, strict=True)}


def _installed(database: BaseDatabaseWrapper) -> dict[str, str]:
    """Return the tables of the installed triggers by trigger name."""
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


def _drop(cursor: Any, database: BaseDatabaseWrapper, installed: dict[str, str]) -> None:
    for name, table in installed.items():
        of_table = f' ON "{table}"' if database.vendor == "postgresql" else ""
        cursor.execute(f'DROP TRIGGER IF EXISTS "{name}"{of_table}')
