"""How long closed requests keep their personal details: the rules, and which requests they concern."""

from calendar import monthrange
from collections.abc import Mapping
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from consultations import workflow
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet, RetentionRule


def rules() -> dict[str, int]:
    """The months for each way in which a request ends: a manager's, otherwise the default."""
    return {status.value: settings.RETENTION_MONTHS[status.value] for status in workflow.FINISHED} | {
        rule.status: rule.months for rule in RetentionRule.objects.all()
    }


def is_past(request: ConsultationRequest, now: datetime, months: Mapping[str, int]) -> bool:
    """Whether a request has been closed for longer than its details are kept."""
    kept = months.get(request.status)
    return kept is not None and request.status_changed_at <= months_before(now, kept)


def past(status: str, now: datetime, months: int) -> ConsultationRequestQuerySet:
    """The requests that ended so, longer ago than their details are kept, in the order of their numbers."""
    before = months_before(now, months)
    # A status cannot be older than its request: said twice, so that the index of the queue is of use.
    return ConsultationRequest.objects.filter(
        status=status, erased_at=None, created_at__lte=before, status_changed_at__lte=before
    ).order_by("pk")


def months_before(now: datetime, months: int) -> datetime:
    """The same day so many months ago, by the clinic's calendar; the month's last where it has none such."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
