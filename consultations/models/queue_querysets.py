"""Which requests the desk has to do something about, and in which order."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Case, DateTimeField, ExpressionWrapper, F, FilteredRelation, Q, Value, When
from django.db.models.functions import Coalesce, Greatest, Least

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.answers import Onset
from consultations.workflow import Status

if TYPE_CHECKING:
    from consultations.models.consultation_requests import ConsultationRequest

# Who was offered a time without being told of it has had no answer yet either.
PROMISED = workflow.WAITING | {Status.PROPOSED}
# What waits for the clinic is never forgotten: where nothing else says when, it is due so long afterwards.
AT_THE_LATEST = timedelta(days=1)
# Later than anything that a request can be due at.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)

# When it began is told as of the day of sending. Sent so long ago, it has begun no later than this.
BEGAN_BY_NOW = (
    (timedelta(days=365), Onset.LONGER),
    (timedelta(days=28), Onset.YEAR),
    (timedelta(days=7), Onset.MONTH),
    (timedelta(days=1), Onset.WEEK),
)


def current_onset(onset: int, ago: timedelta) -> int:
    """The rank of ``Onset`` that is still true, of what was sent so long ago."""
    return max(onset, next((rank for age, rank in BEGAN_BY_NOW if ago >= age), Onset.DAY))


class QueueQuerySet(models.QuerySet["ConsultationRequest"]):
    def waiting(self) -> Self:
        """Those for which the clinic has to do the next thing, the one that has waited longest first."""
        return self.filter(status__in=workflow.WAITING).order_by("created_at", "pk")

    def due_by(self, moment: datetime, now: datetime) -> Self:
        """The open ones with which something is to be done by a moment, which is now or later.

        A first answer was promised, a call back agreed, a time offered or called off of which no mail tells
        (then a call is due at once), or a time is past: one that was offered, without an answer, or one that
        was agreed, and nobody has marked what became of it. What waits without any of these is due too. A
        promise is kept by the first contact; a call back by the next one, which takes its time away. Only
        open ones are looked through, and there are few of them among however many.
        """
        return self.filter(status__in=workflow.OPEN).with_due_at(now).filter(due_at__lte=moment)

    def with_due_at(self, now: datetime) -> Self:
        """Adds ``due_at``: since when the clinic owes something; far in the future if it owes nothing."""
        never = Value(NEVER, output_field=models.DateTimeField())
        promise = Case(When(first_contact_at=None, status__in=PROMISED, then="promised_by"))
        past = Case(
            # Whoever was called about it, in vain, is called back when that was set.
            When(status=Status.PROPOSED, live__starts_at__lte=now, call_back_at=None, then="live__starts_at"),
            When(status=Status.CONFIRMED, live__ends_at__lte=now, then="live__ends_at"),
        )
        a_day_later = ExpressionWrapper(F("status_changed_at") + AT_THE_LATEST, DateTimeField())
        nothing_said = Case(
            When(
                Q(first_contact_at__isnull=False) | Q(promised_by=None),
                status__in=workflow.WAITING,
                call_back_at=None,
                then=a_day_later,
            )
        )
        # Of one request at most one time is live: no row comes twice.
        live = FilteredRelation("appointments", condition=Q(appointments__state__in=["offered", "agreed"]))
        moments = [Coalesce(moment, never) for moment in (promise, "call_back_at", past, nothing_said)]
        return self.alias(live=live).annotate(due_at=Least(*moments))

    def longest_against_the_promise(self) -> "ConsultationRequest | None":
        """The waiting one whose first answer is due first; else the one that has waited longest."""
        promise = Case(When(first_contact_at=None, then="promised_by"))
        return self.waiting().order_by(promise.asc(nulls_last=True), "created_at", "pk").first()

    def patient_wrote(self) -> Self:
        """Those to which something came from the patient that nobody has dealt with yet."""
        return self.filter(unread_since__isnull=False)

    def open_of(self, user: User) -> Self:
        return self.filter(assignee=user, status__in=workflow.OPEN)

    def by_urgency(self, now: datetime, *before: Any) -> Self:
        """What began latest, as far as that is still true, stands first; ``before`` that comes what is given.

        It sorts what it finds: for open requests, of which there are few among however many.
        """
        whens = [When(created_at__lte=now - age, then=Value(rank.value)) for age, rank in BEGAN_BY_NOW]
        aged = Case(*whens, default=Value(Onset.DAY.value))
        rank = Greatest("onset", aged, output_field=models.IntegerField())
        return self.order_by(*before, rank, "created_at", "pk")


class CountOf(models.Subquery):
    """How many rows a queryset has, as a value in another query. Sliced, it counts no further."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()

    def __init__(self, queryset: models.QuerySet[Any], up_to: int | None = None) -> None:
        # The status is in every index that finds the rows: the rows themselves are not read.
        super().__init__(queryset.order_by().values("status")[:up_to])


def counts(**querysets: CountOf) -> dict[str, int]:
    """All of these numbers, in one query."""
    from consultations.models.consultation_requests import ConsultationRequest

    # Any row will do: the numbers stand beside it. Without one, there is nothing to count.
    beside = ConsultationRequest.objects.order_by().annotate(**querysets).values(*querysets)[:1]
    return dict(next(iter(beside), dict.fromkeys(querysets, 0)))
