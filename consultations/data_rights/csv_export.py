"""Requests as a table for a spreadsheet: some rows at a time, each written down before it goes out."""

import csv
import io
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from consultations.answers import YesNo
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure, SearchTerm
from consultations.models.answers import PERSONAL, QUESTIONS, label_of

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words

# Rows that are in memory at once, and written down in one short transaction.
AT_A_TIME = 500
# Excel takes a file for UTF-8 only if it begins so.
BYTE_ORDER_MARK = "\ufeff"
# What a spreadsheet takes for the beginning of a formula, in the width of any script; OWASP, "CSV injection".
FORMULA = tuple("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True)
class Period:
    """Both moments are included."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class Column:
    """``is_personal``: says something about a person, and is not chosen until somebody chooses it."""

    name: str
    label: "Words"
    value: Callable[[ConsultationRequest], object]
    is_personal: bool = False


def _answer_column(question: str) -> Column:
    label, is_personal = label_of(question), question in PERSONAL
    match question:
        case "may_identify_clinic":
            return Column(question, _("Do not say who is calling"), _do_not_say, is_personal)
        case "phone" | "whatsapp":
            return Column(question, label, lambda request: getattr(request, question), is_personal)
    return Column(question, label, lambda request: request.answer_in_words(question), is_personal)


def _do_not_say(request: ConsultationRequest) -> object:
    return "" if request.may_identify_clinic == YesNo.YES else _("Do not say")


COLUMNS = (
    Column("reference", _("Reference"), lambda request: request.reference),
    Column("sent", _("Sent at"), lambda request: _moment(request.created_at)),
    Column("status", _("Status"), lambda request: request.get_status_display()),
    Column("status_since", _("Status since"), lambda request: _moment(request.status_changed_at)),
    Column("promised_by", _("Answer promised by"), lambda request: _moment(request.promised_by)),
    Column("first_contact", _("First contact at"), lambda request: _moment(request.first_contact_at)),
    Column("came_from", _("Came from"), lambda request: request.source_page),
    Column("assignee", _("Assigned to"), lambda request: request.assignee or ""),
    # What may not be said on the phone comes before the numbers.
    *(_answer_column(question) for question in sorted(QUESTIONS, key="may_identify_clinic".__ne__)),
)
CHOSEN_AT_FIRST = [column.name for column in COLUMNS if not column.is_personal]
# Whoever calls one of these numbers has to know what may not be said there, chosen or not.
NUMBERS = frozenset(["phone", "whatsapp"])


def export(period: Period, names: Sequence[str], *, actor: User, reason: str) -> Iterator[bytes]:
    """The requests of a period as CSV in UTF-8, in pieces, the oldest first; erased ones are left out.

    ``names`` are those of ``COLUMNS``. Each row is in the log, with the reason, before it goes out.
    """
    chosen = {*names, *(["may_identify_clinic"] if NUMBERS.intersection(names) else [])}
    columns = [column for column in COLUMNS if column.name in chosen]
    yield (BYTE_ORDER_MARK + _written([[str(column.label) for column in columns]])).encode()
    last: ConsultationRequest | None = None
    while True:
        with transaction.atomic():
            rows = _next(period, last)
            disclosures.record(actor, rows, Disclosure.Kind.EXPORTED, reason)
        if rows:
            cells = [[as_cell(column.value(row)) for column in columns] for row in rows]
            yield _written(cells).encode("utf-8", "replace")
        if len(rows) < AT_A_TIME:
            return
        last = rows[-1]


def names_somebody(words: Collection[str], period: Period) -> bool:
    """Whether one of these words, as ``text.words`` gives them, is of a name in the requests of a period."""
    named = SearchTerm.objects.filter(term__in=words, request__erased_at=None)
    sent_at = {"request__created_at__gte": period.first, "request__created_at__lte": period.last}
    return named.filter(**sent_at).exists()


def as_cell(value: object) -> str:
    """A value as text that no spreadsheet takes for a formula: such text gets an apostrophe before it."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA) else text


def _next(period: Period, last: ConsultationRequest | None) -> list[ConsultationRequest]:
    """The rows after the last one, by the index of when they came: the millionth as fast as the first."""
    found = ConsultationRequest.objects.filter(
        erased_at=None, created_at__gte=period.first, created_at__lte=period.last
    )
    if last:
        after = Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk)
        found = found.filter(after, created_at__gte=last.created_at)
    return list(found.select_related("assignee").order_by("created_at", "pk")[:AT_A_TIME])


def _moment(moment: datetime | None) -> str:
    """2026-11-23 17:30, by the clinic's clock."""
    local = moment and timezone.localtime(moment, timezone.get_default_timezone())
    return f"{local:%Y-%m-%d %H:%M}" if local else ""


def _written(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
