"""CSV export of requests, in batches that are in the audit log before they are sent."""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from operator import attrgetter
from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
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


class Column(NamedTuple):
    name: str
    label: "Words"
    value: Callable[[ConsultationRequest], object]


def _answer_column(question: str) -> Column:
    if question == "may_identify_clinic":
        return Column(question, _("Do not say who is calling"), _do_not_say)
    if question == "phone":
        return Column(question, label_of(question), _dialed)
    return Column(question, label_of(question), lambda request: request.answer_in_words(question))


def _dialed(request: ConsultationRequest) -> object:
    """Return the number as dialed from Pakistan. Spreadsheets would take a plus sign for a formula."""
    return request.answer_in_words("phone").replace("+", "00 ", 1)


def _do_not_say(request: ConsultationRequest) -> object:
    return "" if request.may_identify_clinic == YesNo.YES else _("Do not say")


COLUMNS = (
    Column("reference", _("Reference"), attrgetter("reference")),
    Column("sent", _("Sent at"), lambda request: _moment(request.created_at)),
    Column("status", _("Status"), lambda request: request.get_status_display()),
    Column("status_since", _("Status since"), lambda request: _moment(request.status_changed_at)),
    Column("promised_by", _("Answer promised by"), lambda request: _moment(request.promised_by)),
    Column("first_contact", _("First contact at"), lambda request: _moment(request.first_contact_at)),
    Column("channel", _("Channel"), lambda request: request.get_channel_display()),
    Column("consent", _("How they agreed"), lambda request: request.get_consent_display()),
    Column("taken_by", _("Taken by"), attrgetter("taken_by")),
    Column("came_from", _("Came from"), attrgetter("source_page")),
    Column("assignee", _("Assigned to"), attrgetter("assignee")),
    # Whether the caller may name the clinic comes before the numbers.
    *(_answer_column(question) for question in sorted(QUESTIONS, key="may_identify_clinic".__ne__)),
)
DEFAULT_COLUMNS = [column.name for column in COLUMNS if column.name not in PERSONAL]


def export(first: date, last: date, columns: Sequence[str], *, actor: User, reason: str) -> Iterator[bytes]:
    """Yield the requests of these days as CSV in UTF-8, oldest first, without erased ones.

    ``columns`` are names of ``COLUMNS``.
    """
    # A file with numbers always says whether the clinic may be named.
    names = {*columns, *(["may_identify_clinic"] if "phone" in columns else [])}
    chosen = [column for column in COLUMNS if column.name in names]
    found = (
        ConsultationRequest.objects.filter(erased_at=None, created_at__date__range=(first, last))
        .select_related("assignee", "taken_by")
        .order_by("created_at", "pk")
    )
    keys = list(found.values_list("pk", flat=True))
    yield (BYTE_ORDER_MARK + _csv([[str(column.label) for column in chosen]])).encode()
    for start in range(0, len(keys), BATCH_SIZE):
        with transaction.atomic():
            rows = list(found.filter(pk__in=keys[start : start + BATCH_SIZE]))
            disclosures.record(actor, rows, Disclosure.Kind.EXPORTED, reason)
        cells = [[as_cell(column.value(row)) for column in chosen] for row in rows]
        yield _csv(cells).encode("utf-8", "replace")


def as_cell(value: object) -> str:
    """Return a value as text, with an apostrophe before what a spreadsheet would read as a formula."""
    text = "" if value is None else str(value)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULA_PREFIXES) else text


def _moment(moment: datetime | None) -> str:
    """2026-11-23 17:30, by the clinic's clock."""
    local = moment and timezone.localtime(moment, timezone.get_default_timezone())
    return f"{local:%Y-%m-%d %H:%M}" if local else ""


def _csv(rows: Sequence[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue()
