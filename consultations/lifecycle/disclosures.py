"""Who of the staff saw whose details: written with every page that shows them."""

from collections.abc import Iterable

from django.utils import timezone

from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest, Disclosure


def record(
    actor: User, requests: Iterable[ConsultationRequest], kind: Disclosure.Kind, reason: str = ""
) -> None:
    """One row for each request, in one statement."""
    now = timezone.now()
    Disclosure.objects.bulk_create(
        Disclosure(request=request, kind=kind, actor=actor, at=now, reason=reason) for request in requests
    )


def record_each(actor: User, seen: Iterable[tuple[Disclosure.Kind, ConsultationRequest]]) -> None:
    """Views of several kinds on one page, in one statement."""
    now = timezone.now()
    Disclosure.objects.bulk_create(
        Disclosure(request=request, kind=kind, actor=actor, at=now) for kind, request in seen
    )
