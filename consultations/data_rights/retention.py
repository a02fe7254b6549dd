"""How long finished requests keep their personal details, and which requests are past that."""

from calendar import monthrange
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from consultations import workflow
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet, RetentionRule


def retention_months() -> dict[str, int]:
    """Return the months for each finished status: a manager's rule, otherwise the default."""
    defaults = {status.value: months for status, months in workflow.RETENTION_MONTHS.items()}
    return defaults | dict(RetentionRule.objects.values_list("status", "months"))


def expired(now: datetime) -> ConsultationRequestQuerySet:
    """The finished requests whose retention has ended."""
    due, months = Q(pk__in=[]), retention_months()
    for status in workflow.FINISHED:
        before = months_before(now, months[status])
        # A status is never older than its request; "created_at" lets the queue's index be used.
        due |= Q(status=status, created_at__lte=before, status_changed_at__lte=before)
    return ConsultationRequest.objects.filter(due, erased_at=None)


def months_before(now: datetime, months: int) -> datetime:
    """The same day of the month in the clinic's calendar, or the last day of a shorter month."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
