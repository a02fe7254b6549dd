"""What stands around every page: the clinic, the menu. All of it, and more lists of a page, in one query.

Each app registers its part (``part``); templates find it under its name, as a context variable.
"""

import json
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from django.db.models import CharField, F, Func, IntegerField, Model, QuerySet, TextField, Value
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import get_language

from clinic_site.core.http.prepared_queries import Prepared


class JSONText(Func):
    """A JSON object of names and values in turn, as text.

    Django's ``JSONObject`` asks each new connection whether it can do this, in a transaction that may write.
    """

    function = "JSON_OBJECT"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "(JSONB_BUILD_OBJECT(%(expressions)s))::text"
        return self.as_sql(compiler, connection, template=template, **context)


class Part(NamedTuple):
    """Rows with ``text``, read by ``place`` and ``then`` (whole numbers); and what the texts become."""

    rows: QuerySet[Any, Any]
    read: Callable[[list[str]], Any]


Maker = Callable[[str, datetime], Part]
_parts: dict[str, Maker] = {}


def part(name: str, make: Maker) -> None:
    """Add a part; ``make`` is given a language and a time, which it may only hand on to its queryset."""
    _parts[name] = make


def names() -> tuple[str, ...]:
    return tuple(_parts)


def read(**more: Part) -> dict[str, Any]:
    """The parts by their names, and ``more`` of this page alone. One query.

    Every part is told as text, which is how rows of several tables fit into one answer.
    """
    language, now = get_language() or "en", timezone.now()
    parts = {name: make(language, now) for name, make in _parts.items()} | more if more else _readers()
    rows = _together(parts) if more else _around().rows(language=language, at=now)
    found = defaultdict(list)
    for name, text, place, then in rows:
        found[name].append((place, then, text))
    return {
        name: part.read([text for _place, _then, text in sorted(found[name])]) for name, part in parts.items()
    }


@cache
def _readers() -> dict[str, Part]:
    """The parts, for what they read alone: that is the same in any language, at any time."""
    return {name: make("en", timezone.now()) for name, make in _parts.items()}


@cache
def _around() -> Prepared:
    return Prepared(
        lambda language, at, **_: _together({name: make(language, at) for name, make in _parts.items()})
    )


def _together(parts: dict[str, Part]) -> QuerySet[Any, Any]:
    first, *others = (
        part.rows.order_by()
        .annotate(part=Value(name, CharField()))
        .values_list("part", "text", "place", "then")
        for name, part in parts.items()
    )
    return first.union(*others, all=True)


def rows_of(rows: QuerySet[Any, Any]) -> Part:
    """Whole rows of a model, in no order. Not for fields that are JSON themselves."""
    model = rows.model
    names = [field.attname for field in model._meta.concrete_fields]
    text = JSONText(*(part for name in names for part in (Cast(Value(name), TextField()), F(name))))
    return Part(
        rows.annotate(text=text, place=Value(0, IntegerField()), then=F("pk")),
        lambda texts: [_row(model, text) for text in texts],
    )


def row_of(rows: QuerySet[Any, Any]) -> Part:
    """The one row of a model, or None."""
    every = rows_of(rows)
    return Part(every.rows, lambda texts: next(iter(every.read(texts)), None))


def _row(model: type[Model], text: str) -> Any:
    # Numbers stay text until the field reads them: a coordinate is a decimal, not a float.
    values = json.loads(text, parse_float=str)
    fields = model._meta.concrete_fields
    return model(**{field.attname: field.to_python(values[field.attname]) for field in fields})
