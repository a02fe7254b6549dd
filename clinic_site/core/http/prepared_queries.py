"""Querysets whose SQL is written once: for those of every page, writing it takes longer than asking it."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from django.db import connection
from django.db.models import QuerySet

# What stands for the values while the statement is written; no real value is ever equal to them.
_LANGUAGE = "\0language"
_SLUG = "\0slug"
_AT = datetime(1, 1, 1, tzinfo=UTC)


class Prepared:
    """Rows of ``build(language=…, at=…, slug=…)``, a queryset of texts and whole numbers (``values_list``).

    ``build`` is called once in a process, with stand-ins; it may do nothing with them but hand them on.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self._build = build

    @cached_property
    def _statement(self) -> tuple[str, tuple[Any, ...]]:
        query = self._build(language=_LANGUAGE, at=_AT, slug=_SLUG).query
        sql, params = query.get_compiler(connection=connection).as_sql()
        return sql, tuple(params)

    def rows(self, *, language: str, at: datetime, slug: str = "") -> list[tuple[Any, ...]]:
        """One query."""
        adapt = connection.ops.adapt_datetimefield_value
        values = {_LANGUAGE: language, _SLUG: slug, adapt(_AT): adapt(at)}
        sql, params = self._statement
        with connection.cursor() as cursor:
            cursor.execute(sql, [values.get(param, param) for param in params])
            return cursor.fetchall()
