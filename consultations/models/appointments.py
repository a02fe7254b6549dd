"""Appointments, their slots, and the calendar feeds of practitioners."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from consultations.models.consultation_requests import ConsultationRequest
from consultations.tokens import token_hash

# Every appointment starts and ends at a multiple of this.
SLOT = timedelta(minutes=5)


def midnight(day: date) -> datetime:
    """Return the start of a day at the clinic."""
    return datetime.combine(day, time(), timezone.get_default_timezone())


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def live(self) -> "AppointmentQuerySet":
        return self.filter(state__in=Appointment.LIVE)

    def choices(self, now: datetime) -> "AppointmentQuerySet":
        """The times that a patient may choose now, the earliest first."""
        on_offer = self.filter(state__in=Appointment.ON_OFFER, starts_at__gt=now).exclude(held_until__lte=now)
        return on_offer.select_related("practitioner").order_by("starts_at", "pk")

    def between(self, start: datetime, end: datetime) -> "AppointmentQuerySet":
        return self.filter(starts_at__lt=end, ends_at__gt=start)

    def in_calendar(self) -> "AppointmentQuerySet":
        """All but the canceled ones."""
        return self.exclude(state=Appointment.State.CANCELED).order_by("starts_at", "pk")

    def on_days(self, first: date, last: date) -> "AppointmentQuerySet":
        """Those that overlap these days at the clinic."""
        return self.between(midnight(first), midnight(last + timedelta(days=1)))


class Appointment(models.Model):
    """A time with a practitioner, offered or agreed. Another time is another row; the old one is canceled.

    The patient chooses between the offered time and those held beside it. Times offered to a patient who has
    an agreed one are all held: the agreed one is kept until another is agreed (ADR 41).

    ``lifecycle.booking`` is the only writer. ``TakenSlot`` rows keep appointments from overlapping.
    """

    class State(models.TextChoices):
        OFFERED = "offered", _("Offered")
        HELD = "held", _("Held")
        AGREED = "agreed", _("Agreed")
        ATTENDED = "attended", _("Took place")
        MISSED = "missed", _("Did not attend")
        CANCELED = "canceled", _("Canceled")

    # A request has at most one of these.
    LIVE = (State.OFFERED, State.AGREED)
    ON_OFFER = (State.OFFERED, State.HELD)
    # What a newly agreed appointment replaces.
    PENDING = (*ON_OFFER, State.AGREED)

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="appointments")
    practitioner = models.ForeignKey(
        "procedures.Practitioner",
        models.PROTECT,
        related_name="appointments",
        verbose_name=_("practitioner"),
    )
    starts_at = models.DateTimeField(_("starts at"))
    ends_at = models.DateTimeField(_("ends at"))
    state = models.CharField(_("state"), max_length=10, choices=State)
    state_changed_at = models.DateTimeField()
    # The patient may choose it until then, or until it begins. Empty for a time offered alone.
    held_until = models.DateTimeField(_("held until"), null=True, blank=True)
    # The version of the request's calendar entry (RFC 5545): each new time and each cancellation increments
    # it, so the patient's calendar shows one entry.
    sequence = models.PositiveIntegerField(default=0, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("offered by")
    )
    made_at = models.DateTimeField()
    # Set when a mail was sent, when staff resolved a failed one, or recorded "spoke" or "message sent"; not
    # by an unanswered call.
    patient_informed_at = models.DateTimeField(_("patient informed at"), null=True, blank=True)
    reminded_at = models.DateTimeField(_("reminded at"), null=True, blank=True)
    arrived_at = models.DateTimeField(_("arrived at"), null=True, blank=True)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        ordering = ["starts_at", "pk"]
        default_permissions = ()
        indexes = [
            models.Index(fields=["starts_at"], name="appointment_start"),
            models.Index(fields=["practitioner", "starts_at"], name="appointment_of_practitioner"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(ends_at__gt=F("starts_at")),
                name="appointment_ends_after_it_starts",
                violation_error_message=_("An appointment must end after it starts."),
            ),
            models.UniqueConstraint(
                fields=["request"],
                condition=Q(state__in=["offered", "agreed"]),
                name="one_live_appointment_of_a_request",
                violation_error_message=_("This request has a time already."),
            ),
            models.CheckConstraint(
                condition=~Q(state="held") | Q(held_until__isnull=False),
                name="held_appointment_is_held_until",
                violation_error_message=_("Enter until when the time is held."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.starts_at:%Y-%m-%d %H:%M} {self.practitioner_id}"

    def slots(self) -> Iterator[datetime]:
        """Yield the start of each slot of this appointment."""
        at = self.starts_at
        while at < self.ends_at:
            yield at
            at += SLOT


class TakenSlot(models.Model):
    """Five minutes of a practitioner, taken by an appointment.

    Overlapping appointments would share a slot, which a unique constraint prevents on both databases.
    """

    practitioner = models.ForeignKey("procedures.Practitioner", models.CASCADE, related_name="+")
    at = models.DateTimeField()
    appointment = models.ForeignKey(Appointment, models.CASCADE, related_name="taken")

    class Meta:
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["practitioner", "at"],
                name="no_two_appointments_at_once",
                violation_error_message=_("This time is taken already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M}"


class CalendarFeedQuerySet(models.QuerySet["CalendarFeed"]):
    def valid(self) -> "CalendarFeedQuerySet":
        return self.filter(revoked_at=None)

    def for_token(self, token: str) -> "CalendarFeedQuerySet":
        """The valid feed of a token, unless its practitioner is inactive."""
        return self.valid().filter(token_hash=token_hash(token), practitioner__is_active=True)


class CalendarFeed(models.Model):
    """A private calendar address of a practitioner. Only the hash of its token is stored."""

    practitioner = models.ForeignKey(
        "procedures.Practitioner", models.CASCADE, related_name="feeds", verbose_name=_("practitioner")
    )
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    made_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    made_at = models.DateTimeField(_("made at"))
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)

    objects = CalendarFeedQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar address")
        verbose_name_plural = _("calendar addresses")
        ordering = ["-made_at", "-pk"]
        default_permissions = ()
        permissions = [("manage_feeds", "Can make and revoke the private calendar addresses")]

    def __str__(self) -> str:
        return f"{self.practitioner} {self.made_at:%Y-%m-%d}"
