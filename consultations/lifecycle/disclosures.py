"""The audit log of who saw whose personal details, written with every page that shows them."""

from collections.abc import Iterable

from django.utils import timezone

from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest, Disclosure


def record(
    actor: User, requests: Iterable[ConsultationRequest], kind: Disclosure.Kind, reason: str = ""
) -> None:
    """Write one row for each request, in one statement."""
    record_each(actor, [(kind, request) for request in requests], reason)


def record_each(
    actor: User, seen: Iterable[tuple[Disclosure.Kind, ConsultationRequest]], reason: str = ""
) -> None:
    """Write one row for each view, in one statement.

    "Listed" is written once for each person, request and day: a refreshed queue adds no rows.
    """
    now = timezone.now()
    today = timezone.localdate(now, timezone.get_default_timezone())
    rows = [
        Disclosure(
            request=request,
            kind=kind,
            actor=actor,
            at=now,
            listed_on=today if kind == Disclosure.Kind.LISTED else None,
            reason=reason,
        )
        for kind, request in seen
    ]
    # Only "listed" rows can conflict.
    Disclosure.objects.bulk_create(rows, ignore_conflicts=any(row.listed_on for row in rows))
