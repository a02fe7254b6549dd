"""Which requests the desk has to do something about, and in which order."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Case, Q, Value, When
from django.db.models.functions import Coalesce, Least

from consultations import workflow

if TYPE_CHECKING:
    from consultations.models.requests import ConsultationRequest

# Later than anything that a request can be due at.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)


class QueueQuerySet(models.QuerySet["ConsultationRequest"]):
    def waiting(self) -> Self:
        """Those for which the clinic has to do the next thing, the one that has waited longest first."""
        return self.filter(status__in=workflow.WAITING).order_by("created_at", "pk")

    def due_by(self, moment: datetime) -> Self:
        """The waiting ones whose first answer was promised, or whose call back was agreed, by a moment.

        A promise is kept by the first contact; a call back by the next one, which takes its time away.
        """
        promise = Q(first_contact_at=None, promised_by__lte=moment)
        return self.filter(promise | Q(call_back_at__lte=moment), status__in=workflow.WAITING)

    def with_due_at(self) -> Self:
        """Adds ``due_at``: when the clinic owes the next answer; far in the future if it owes none."""
        never = Value(NEVER, output_field=models.DateTimeField())
        promise = Case(When(first_contact_at=None, then="promised_by"))
        return self.annotate(due_at=Least(Coalesce(promise, never), Coalesce("call_back_at", never)))

    def longest_against_the_promise(self) -> "ConsultationRequest | None":
        """The waiting one whose first answer is due first; else the one that has waited longest."""
        promise = Case(When(first_contact_at=None, then="promised_by"))
        return self.waiting().order_by(promise.asc(nulls_last=True), "created_at", "pk").first()

    def patient_wrote(self) -> Self:
        """Those to which something came from the patient that nobody has dealt with yet."""
        return self.filter(patient_wrote_at__isnull=False)

    def open_of(self, user: User) -> Self:
        return self.filter(assignee=user, status__in=workflow.OPEN)

    def by_urgency(self) -> Self:
        return self.order_by("began", "created_at", "pk")


class CountOf(models.Subquery):
    """How many rows a queryset has, as a value in another query. Sliced, it counts no further."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()

    def __init__(self, queryset: models.QuerySet[Any], up_to: int | None = None) -> None:
        # The status is in every index that finds the rows: the rows themselves are not read.
        super().__init__(queryset.order_by().values("status")[:up_to])


def counts(**querysets: CountOf) -> dict[str, int]:
    """All of these numbers, in one query."""
    from consultations.models.requests import ConsultationRequest

    # Any row will do: the numbers stand beside it. Without one, there is nothing to count.
    beside = ConsultationRequest.objects.order_by().annotate(**querysets).values(*querysets)[:1]
    return dict(next(iter(beside), dict.fromkeys(querysets, 0)))
