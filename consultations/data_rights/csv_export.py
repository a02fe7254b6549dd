"""CSV export of requests, in batches that are in the audit log before they are sent."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
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
from consultations.models import ConsultationRequest, Disclosure
from consultations.models.answers import PERSONAL, QUESTIONS, label_of

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words

BATCH_SIZE = 500
# Excel reads a file as UTF-8 only if it begins with this.
BYTE_ORDER_MARK = "\ufeff"
# A cell that begins with one of these is a formula to spreadsheets, also full-width. OWASP: CSV injection.
FORMULA_PREFIXES = tuple("=+-@\t\r\n＝＋－＠")


@dataclass(frozen=True)
class Period:
    """From ``start``, before ``end``."""

    start: datetime
    end: datetime


@dataclass(frozen=True)
class Column:
    """``is_personal``: personal details, not selected by default."""

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
DEFAULT_COLUMNS = [column.name for column in COLUMNS if not column.is_personal]
# With one of these columns the file always says whether the clinic may be named.
NUMBERS = frozenset(["phone", "whatsapp"])


def export(period: Period, names: Sequence[str], *, actor: User, reason: str) -> Iterator[bytes]:
    """Yield the requests of a period as CSV in UTF-8, oldest first, without erased ones.

    ``names`` are names of ``COLUMNS``.
    """
    chosen = {*names, *(["may_identify_clinic"] if NUMBERS.intersection(names) else [])}
    columns = [column for column in COLUMNS if column.name in chosen]
    yield (BYTE_ORDER_MARK + _csv([[str(column.label) for column in columns]])).encode()
    last: ConsultationRequest | None = None
    while True:
        with transaction.atomic():
            rows = _next(period, last)
            disclosures.record(actor, rows, Disclosure.Kind.EXPORTED, reason)
        if rows:
            cells = [[as_cell(column.value(row)) for column in columns] for row in rows]
            yield _csv(cells).encode("utf-8", "replace")
        if len(rows) < BATCH_SIZE:
            return
        last = rows[-1]


def as_cell(value: object) -> str:
    """Return a value as text, with an apostrophe before what a spreadsheet would read as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_PREFIXES) else text


def _next(period: Period, last: ConsultationRequest | None) -> list[ConsultationRequest]:
    """Return the rows after ``last``, by key instead of offset."""
    found = ConsultationRequest.objects.filter(
        erased_at=None, created_at__gte=period.start, created_at__lt=period.end
    )
    if last:
        after = Q(created_at__gt=last.created_at) | Q(created_at=last.created_at, pk__gt=last.pk)
        found = found.filter(after, created_at__gte=last.created_at)
    return list(found.select_related("assignee").order_by("created_at", "pk")[:BATCH_SIZE])


def _moment(moment: datetime | None) -> str:
    """2026-11-23 17:30, by the clinic's clock."""
    local = moment and timezone.localtime(moment, timezone.get_default_timezone())
    return f"{local:%Y-%m-%d %H:%M}" if local else ""


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
