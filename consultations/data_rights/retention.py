"""How long finished requests keep their personal details, and which requests are past that."""

from calendar import monthrange
from datetime import datetime

from django.utils import timezone

from consultations import workflow
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet, RetentionRule


def retention_months() -> dict[str, int]:
    """Return the months for each finished status: a manager's rule, otherwise the default."""
    defaults = {status.value: months for status, months in workflow.RETENTION_MONTHS.items()}
    return defaults | dict(RetentionRule.objects.values_list("status", "months"))


def expired(status: str, now: datetime) -> ConsultationRequestQuerySet:
    """The requests with a finished status whose retention has ended, oldest key first."""
    before = months_before(now, retention_months()[status])
    # A status is never older than its request; the condition on created_at lets the queue's index be used.
    return ConsultationRequest.objects.filter(
        status=status, erased_at=None, created_at__lte=before, status_changed_at__lte=before
    ).order_by("pk")


def months_before(now: datetime, months: int) -> datetime:
    """The same day of the month in the clinic's calendar, or the last day of a shorter month."""
    local = timezone.localtime(now, timezone.get_default_timezone())
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))
