"""The consultation request and its querysets."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Self

from django.db import models
from django.db.models import Case, ExpressionWrapper, F, FilteredRelation, Q, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts.models import User
from clinic_site.core.text import fold_text, words
from consultations import workflow
from consultations.answers import (
    MAX_AGE,
    RECENT_ONSETS,
    About,
    Channel,
    Consent,
    ContactMethod,
    ForWhom,
    Language,
    Onset,
    YesNo,
)
from consultations.models.answers import PatientAnswers
from consultations.models.privacy_notices import PrivacyNotice
from consultations.models.search_terms import search_rank, with_number, with_words
from consultations.references import reference_prefix
from consultations.tokens import token_hash
from consultations.workflow import Status

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or lazily translated text

STATUS_CHOICES = [(status.value, _(name)) for status, name in workflow.NAMES.items()]

# How long the private page stays available after the request was closed.
LINK_VALID_AFTER_CLOSING = timedelta(days=90)
# The same answers from the same browser are one request within this period.
DUPLICATE_WINDOW = timedelta(hours=24)
# The first answer is owed while the request waits, and while the patient may not know of an offered time.
PROMISED = workflow.WAITING | {Status.PROPOSED}
# A waiting request without any other deadline is due after this time, so that none is forgotten.
DEFAULT_DEADLINE = timedelta(days=1)
# Later than any deadline.
NEVER = datetime(9000, 1, 1, tzinfo=UTC)

# The onset was answered on the day of sending. After this time it is at least this long ago.
ONSET_AFTER = (
    (timedelta(days=365), Onset.LONGER),
    (timedelta(days=28), Onset.YEAR),
    (timedelta(days=7), Onset.MONTH),
    (timedelta(days=1), Onset.WEEK),
)


class CountOf(models.Subquery):
    """The number of rows of a queryset, as a value in another query. If sliced, it counts no further."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = models.IntegerField()

    def __init__(
        self, queryset: models.QuerySet[Any], up_to: int | None = None, column: str = "status"
    ) -> None:
        # The status is in every index that finds requests, so the rows themselves are not read.
        super().__init__(queryset.order_by().values(column)[:up_to])


def _unless_erased(condition: Q) -> Q:
    """A condition that holds until the request is erased."""
    return Q(erased_at__isnull=False) | condition


def optional_staff_member(verbose_name: "Words") -> "models.ForeignKey[Any, Any]":
    """A colleague, if there is one.

    Staff who leave are deactivated, not deleted, so the column needs no index of its own.
    """
    return models.ForeignKey(
        User,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=verbose_name,
    )


def _is_known(field: str, values: Sequence[Any], sentence: "Words") -> models.CheckConstraint:
    """A constraint that a field holds one of these values."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__in": values}),
        name=f"request_{field}_is_known",
        violation_error_message=sentence,
    )


class Announcement(models.TextChoices):
    """How a new request is to be announced, to the patient and to staff."""

    AT_ONCE = "at_once"
    # Its network has sent very many: it is listed in a digest, and acknowledged later.
    LATER = "later"


class ConsultationRequestQuerySet(models.QuerySet["ConsultationRequest"]):
    # Sent

    def recent_duplicates(self, fingerprint: str) -> Self:
        """Recent requests with the same answers from the same browser that are not closed.

        A patient whose request was closed, and who sends the form again, makes a new request.
        """
        recently = timezone.now() - DUPLICATE_WINDOW
        is_open = Q(status__in=workflow.OPEN | workflow.SET_ASIDE, erased_at=None)
        return self.with_fingerprint(fingerprint).filter(is_open, created_at__gte=recently)

    def with_fingerprint(self, fingerprint: str) -> Self:
        # The second condition is that of the unique index, which SQLite uses only if the query names it.
        return self.filter(~Q(duplicate_fingerprint=""), duplicate_fingerprint=fingerprint)

    def for_token(self, token: str) -> Self:
        """The request of a private link; none once it is erased or has been closed for 90 days."""
        closed_long_ago = Q(
            status__in=workflow.CLOSED, status_changed_at__lte=timezone.now() - LINK_VALID_AFTER_CLOSING
        )
        return self.filter(links__token_hash=token_hash(token), erased_at=None).exclude(closed_long_ago)

    def unannounced(self) -> Self:
        """Requests that are still to be announced, those at once first, in the order of the index."""
        return self.filter(announcement__gt="").order_by("announcement", "pk")

    # The queue

    def waiting(self) -> Self:
        """Requests for which the clinic owes the next step, without those held, the oldest first."""
        statuses = workflow.WAITING - {Status.HELD}
        return self.filter(status__in=statuses).order_by("created_at", "pk")

    def due_by(self, moment: datetime, now: datetime) -> Self:
        """Open requests due by a moment that is now or later."""
        return self.filter(status__in=workflow.OPEN).with_due_at(now).filter(due_at__lte=moment)

    def with_due_at(self, now: datetime) -> Self:
        """Annotate ``due_at``, the earliest deadline; ``NEVER`` if there is none.

        Deadlines: the promised first answer, until the first contact; the callback; an offered appointment
        that has begun without an answer; an agreed one that has ended, until attendance is recorded; and for
        a waiting request without any of these, a day after its last change of status.
        """
        never = Value(NEVER, output_field=models.DateTimeField())
        promise = Case(When(first_contact_at=None, status__in=PROMISED, then="promised_by"))
        past = Case(
            # After an unanswered call about it, the callback counts instead.
            When(status=Status.PROPOSED, live__starts_at__lte=now, call_back_at=None, then="live__starts_at"),
            When(status=Status.CONFIRMED, live__ends_at__lte=now, then="live__ends_at"),
        )
        fallback = Case(
            When(
                Q(first_contact_at__isnull=False) | Q(promised_by=None),
                status__in=workflow.WAITING,
                call_back_at=None,
                then=ExpressionWrapper(F("status_changed_at") + DEFAULT_DEADLINE, models.DateTimeField()),
            )
        )
        # At most one appointment of a request is live, so no row comes twice.
        live = FilteredRelation("appointments", condition=Q(appointments__state__in=["offered", "agreed"]))
        moments = [Coalesce(moment, never) for moment in (promise, "call_back_at", past, fallback)]
        return self.alias(live=live).annotate(due_at=Least(*moments))

    def longest_against_the_promise(self) -> "ConsultationRequest | None":
        """The waiting request whose first answer is due first, else the one that has waited longest."""
        promise = Case(When(first_contact_at=None, then="promised_by"))
        return self.waiting().order_by(promise.asc(nulls_last=True), "created_at", "pk").first()

    def patient_wrote(self) -> Self:
        """Requests with something unread from the patient."""
        return self.filter(unread_since__isnull=False)

    def open_of(self, user: User) -> Self:
        return self.filter(assignee=user, status__in=workflow.OPEN)

    def by_urgency(self, now: datetime, *first: Any) -> Self:
        """Sort by ``first``, then the most recent onset as of today, then the longest wait.

        No index helps here: for open requests, which are few.
        """
        whens = [When(created_at__lte=now - age, then=Value(rank.value)) for age, rank in ONSET_AFTER]
        aged = Case(*whens, default=Value(Onset.DAY.value))
        rank = Greatest("onset", aged, output_field=models.IntegerField())
        return self.order_by(*first, rank, "created_at", "pk")

    def counts(self, **querysets: CountOf) -> dict[str, int]:
        """Return all of these numbers, in one query."""
        # The numbers are read beside any one row. Without a row there is nothing to count.
        row = self.order_by().annotate(**querysets).values(*querysets).first()
        return row or dict.fromkeys(querysets, 0)

    def search(self, text: str) -> Self:
        """Find by half a reference, four digits of a phone number, or the beginnings of words of a name.

        Whole words rank first, then beginnings of words, then the newest. All requests for an empty text.
        """
        pieces, names = fold_text(text).split(), words(text)
        if not pieces:
            return self
        found = with_number(text) | with_words(pieces, may_be_joined=False)  # half a reference has a dash
        if names:
            found |= with_words(names, may_be_joined=True)
        if reference := reference_prefix(text):
            found |= with_words([fold_text(reference)], may_be_joined=False)
        return self.filter(found).order_by(search_rank(text), "-created_at", "-pk")


class ConsultationRequest(PatientAnswers):
    """A patient's request for a consultation, and its status.

    Patient and requester are separate people; the requester's name is empty for patients who write
    themselves. Only ``intake`` creates rows, and only ``lifecycle.status_changes`` sets a status.
    """

    reference = models.CharField(_("reference"), max_length=12)
    key_hash = models.CharField(max_length=64, editable=False)
    # Only the newest request with the same answers from the same browser has it; "" where that is unknown.
    duplicate_fingerprint = models.CharField(max_length=64, blank=True, default="", editable=False)
    status = models.CharField(_("status"), max_length=20, choices=STATUS_CHOICES, default=Status.NEW.value)

    language = models.CharField(_("language of the page"), max_length=10)
    notice = models.ForeignKey(
        PrivacyNotice,
        models.PROTECT,
        db_index=False,
        related_name="consultation_requests",
        verbose_name=_("notice agreed to"),
    )
    consented_at = models.DateTimeField(_("agreed at"))
    consent = models.CharField(_("how they agreed"), max_length=10, choices=Consent, default=Consent.FORM)
    channel = models.CharField(_("channel"), max_length=10, choices=Channel, default=Channel.WEBSITE)
    taken_by = optional_staff_member(_("taken by"))  # not of a request from the website
    source_page = models.CharField(_("came from"), max_length=200, blank=True, default="")
    created_at = models.DateTimeField(_("sent at"))
    status_changed_at = models.DateTimeField(_("status since"))

    # "" once the acknowledgement and the notice to staff are queued (``messaging.notify``).
    announcement = models.CharField(
        max_length=10, choices=Announcement, blank=True, default="", editable=False
    )

    # The desk. Raised by each event that a form opened earlier must not overwrite (``Event.RAISES_VERSION``).
    version = models.PositiveIntegerField(default=0, editable=False)
    # Stays as promised even if the opening hours change.
    promised_by = models.DateTimeField(_("answer promised by"), null=True, blank=True)
    first_contact_at = models.DateTimeField(_("first contact at"), null=True, blank=True)
    call_back_at = models.DateTimeField(_("call back at"), null=True, blank=True)
    # When the patient sent something that the staff have not read.
    unread_since = models.DateTimeField(_("the patient wrote at"), null=True, blank=True)
    assignee = optional_staff_member(_("assigned to"))
    # Personal details are removed at erasure; events and statistics stay.
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True)

    objects = ConsultationRequestQuerySet.as_manager()

    class Meta:
        verbose_name = _("consultation request")
        verbose_name_plural = _("consultation requests")
        ordering = ["-created_at", "-pk"]
        default_permissions = ("view",)
        permissions = [
            ("change_status", "Can change the status of a consultation request"),
            ("export_requests", "Can export consultation requests"),
            ("erase_request", "Can erase a consultation request, or copy it for the patient"),
            ("view_statistics", "Can view the statistics of consultation requests"),
        ]
        indexes = [
            models.Index(fields=["status", "created_at"], name="request_queue"),
            models.Index(fields=["status", "onset", "created_at"], name="request_urgency"),
            models.Index(fields=["phone"], name="request_phone"),
            models.Index(fields=["assignee", "status", "created_at"], name="request_assignee"),
            models.Index(
                fields=["promised_by"],
                name="request_promise",
                condition=Q(status__in=["contacting", "held", "new"], first_contact_at=None),
            ),
            models.Index(
                fields=["call_back_at"],
                name="request_call_back",
                condition=Q(call_back_at__isnull=False),
            ),
            models.Index(
                fields=["unread_since"],
                name="request_patient_wrote",
                condition=Q(unread_since__isnull=False),
            ),
            models.Index(fields=["created_at"], name="request_created"),
            models.Index(
                fields=["announcement"], name="request_announcement", condition=Q(announcement__gt="")
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["reference"],
                name="one_request_of_a_reference",
                violation_error_message=_("Another request has this reference."),
            ),
            models.UniqueConstraint(
                fields=["key_hash"],
                name="one_request_of_a_form",
                violation_error_message=_("This form has been sent already."),
            ),
            models.UniqueConstraint(
                fields=["duplicate_fingerprint"],
                condition=~Q(duplicate_fingerprint=""),
                name="one_request_of_the_same_answers",
                violation_error_message=_("These answers have been sent already."),
            ),
            _is_known("status", [status.value for status in Status], _("Choose a status that exists.")),
            _is_known("for_whom", ForWhom.values, _("Choose who the request is for.")),
            models.CheckConstraint(
                condition=_unless_erased(
                    ~Q(for_whom__in=[ForWhom.CHILD, ForWhom.ADULT])
                    | (~Q(requester_name="") & ~Q(relationship=""))
                ),
                name="request_for_another_names_its_writer",
                violation_error_message=_("Enter the name of the person who asks, and their relationship."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(~Q(patient_name="")),
                name="request_names_its_patient",
                violation_error_message=_("Enter the patient’s full name."),
            ),
            models.CheckConstraint(
                # Optional in a request that staff took.
                condition=Q(patient_age__isnull=False, patient_age__range=(0, MAX_AGE))
                | (Q(patient_age=None) & _unless_erased(~Q(channel=Channel.WEBSITE))),
                name="request_age_is_possible",
                violation_error_message=_("Enter the patient’s age in years, from 0 to 120."),
            ),
            models.CheckConstraint(
                condition=(Q(about=About.PROCEDURE) & ~Q(procedure_name=""))
                | Q(about__in=[About.SOMETHING_ELSE, About.NOT_SURE], procedure_name="", procedure=None),
                name="request_names_its_procedure",
                violation_error_message=_("Choose what the request is about."),
            ),
            _is_known("channel", Channel.values, _("Choose how the request came.")),
            _is_known("consent", Consent.values, _("Choose how they agreed.")),
            models.CheckConstraint(
                condition=Q(channel=Channel.WEBSITE, consent=Consent.FORM, taken_by=None)
                | (~Q(channel=Channel.WEBSITE) & ~Q(consent=Consent.FORM) & Q(taken_by__isnull=False)),
                name="request_taken_by_staff_names_them",
                violation_error_message=_("A request that staff took names who took it, and the consent."),
            ),
            _is_known("contact_method", ContactMethod.values, _("Choose how to reach the patient.")),
            models.CheckConstraint(
                condition=_unless_erased(~Q(contact_method=ContactMethod.EMAIL) | ~Q(email="")),
                name="request_by_email_has_an_email",
                violation_error_message=_("Enter an email address, or choose another way of contact."),
            ),
            models.CheckConstraint(
                condition=_unless_erased(Q(phone__startswith="+")),
                name="request_phone_is_international",
                violation_error_message=_("The phone number must begin with + and the country’s code."),
            ),
            _is_known("onset", Onset.values, _("Choose when it began.")),
            _is_known("may_identify_clinic", YesNo.values, _("Choose whether we may say who we are.")),
            _is_known(
                "patient_knows", ["", *YesNo.values], _("Choose whether the patient knows of the request.")
            ),
            _is_known("speaks", Language.values, _("Choose the language to speak in.")),
            models.CheckConstraint(
                condition=Q(erased_at=None) | Q(patient_name="", requester_name="", phone="", email=""),
                name="request_erased_names_nobody",
                violation_error_message=_("An erased request holds no name and no number."),
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def status_for_patient(self) -> Status:
        """The status shown to the patient, who is not told that a request looks like spam or is held."""
        return Status.NEW if self.status in workflow.SET_ASIDE | {Status.HELD} else Status(self.status)

    def current_onset(self, now: datetime) -> int:
        """Return the onset that is true now, given the answer and how long ago it was sent."""
        ago = now - self.created_at
        return max(self.onset, next((rank for age, rank in ONSET_AFTER if ago >= age), Onset.DAY))

    def is_recent(self, now: datetime) -> bool:
        return self.current_onset(now) in RECENT_ONSETS

    @property
    def next_steps(self) -> tuple[workflow.Step, ...]:
        return workflow.STEPS[Status(self.status)]

    @property
    def link_dies_at(self) -> datetime | None:
        """When the private page of a closed request expires; None while the request is open."""
        return self.status_changed_at + LINK_VALID_AFTER_CLOSING if self.status in workflow.CLOSED else None


class PrivateLink(models.Model):
    """A link to a request's private page. Only the hash of its token is stored, so each mail has its own."""

    request = models.ForeignKey(ConsultationRequest, models.CASCADE, related_name="links")
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_at = models.DateTimeField(_("made at"))

    class Meta:
        verbose_name = _("private link")
        verbose_name_plural = _("private links")
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.request} {self.made_at:%Y-%m-%d}"
