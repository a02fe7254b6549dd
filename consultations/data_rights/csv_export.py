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
from consultations.answers import About, ContactMethod, ForWhom, Language, Onset, YesNo
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure

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


COLUMNS = (
    Column("reference", _("Reference"), lambda request: request.reference),
    Column("sent", _("Sent at"), lambda request: _moment(request.created_at)),
    Column("status", _("Status"), lambda request: request.get_status_display()),
    Column("status_since", _("Status since"), lambda request: _moment(request.status_changed_at)),
    Column("about", _("About"), lambda request: request.procedure_name or About(request.about).label),
    Column("onset", _("When it began"), lambda request: Onset(request.onset).label),
    Column("promised_by", _("Answer promised by"), lambda request: _moment(request.promised_by)),
    Column("first_contact", _("First contact at"), lambda request: _moment(request.first_contact_at)),
    Column("came_from", _("Came from"), lambda request: request.source_page),
    Column("assignee", _("Assigned to"), lambda request: request.assignee or ""),
    Column("for_whom", _("For whom"), lambda request: ForWhom(request.for_whom).label),
    Column("patient", _("Patient’s name"), lambda request: request.patient_name, is_personal=True),
    Column("age", _("Patient’s age"), lambda request: request.patient_age, is_personal=True),
    Column("requester", _("Requester’s name"), lambda request: request.requester_name, is_personal=True),
    Column("city", _("City or town"), lambda request: request.city, is_personal=True),
    Column("message", _("In the patient’s words"), lambda request: request.message, is_personal=True),
    Column("contact", _("How to reach them"), lambda request: ContactMethod(request.contact_method).label),
    Column(
        "may_identify_clinic",
        _("Do not say who is calling"),
        lambda request: "" if request.may_identify_clinic == YesNo.YES else _("Do not say"),
        is_personal=True,
    ),
    Column("phone", _("Phone"), lambda request: request.phone, is_personal=True),
    Column("whatsapp", _("WhatsApp"), lambda request: request.whatsapp, is_personal=True),
    Column("email", _("Email"), lambda request: request.email, is_personal=True),
    Column("speaks", _("Speaks"), lambda request: request.speaks_other or Language(request.speaks).label),
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
