"""One message on its way to one address, and where it stands."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.core import email_addresses
from clinic_site.core.append_only import AppendOnlyModel, AppendOnlyQuerySet

SUBJECT_LENGTH = 150
REASON_LENGTH = 300
PHONE_LENGTH = 30


class OutgoingMessageQuerySet(models.QuerySet["OutgoingMessage"]):
    def waiting(self) -> "OutgoingMessageQuerySet":
        """Those that the worker still has to do with."""
        return self.filter(sent_at=None, failed_at=None)

    def due(self, now: datetime) -> "OutgoingMessageQuerySet":
        """Those that may be sent now, the one that has been due longest first."""
        return self.waiting().filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")

    def could_not_be_told(self) -> "OutgoingMessageQuerySet":
        """Those that failed and that nobody of the staff has dealt with yet."""
        return self.filter(failed_at__isnull=False, settled_at=None)

    def done_with(self, before: datetime) -> "OutgoingMessageQuerySet":
        """Those that were sent, told another way, or replaced by a later one, before a moment."""
        return self.filter(Q(sent_at__lt=before) | Q(settled_at__lt=before))

    def with_last_step(self) -> "OutgoingMessageQuerySet":
        """Each with what staff did with it last, ``last_step``, and who did, ``last_step_by``; or None."""
        steps = MessageStep.objects.filter(message_id=models.OuterRef("message_id")).order_by("-at", "-pk")
        name = Trim(Concat("actor__first_name", models.Value(" "), "actor__last_name"))
        by = Coalesce(NullIf(name, models.Value("")), "actor__email", output_field=models.CharField())
        return self.annotate(
            last_step=models.Subquery(steps.values("kind")[:1]),
            last_step_by=models.Subquery(steps.values_list(by)[:1]),
        )

    def failed_first(self) -> "OutgoingMessageQuerySet":
        """What staff have to do something about, then the newest."""
        is_failed = models.ExpressionWrapper(
            Q(failed_at__isnull=False, settled_at=None), output_field=models.BooleanField()
        )
        return self.alias(is_failed=is_failed).order_by(F("is_failed").desc(), "-created_at", "-pk")


class OutgoingMessage(models.Model):
    """A message to one address. ``clinic_site.mail.queue`` is the only writer.

    It waits until ``sent_at`` or ``failed_at`` is set. Each time a worker takes it, ``attempts`` goes up
    and ``next_attempt_at`` moves to the moment at which others may take it again: that is the lease. A
    worker records what became of it only while ``attempts`` is still what it was when it took it.

    One that a later message has replaced (``outbox.supersede``) counts as given up and dealt with, whether
    it waited or had failed.

    What was written goes once it was sent, or once staff have dealt with it; the row itself, with the
    address, stays until ``outbox.forget_sent``.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be told")
        SETTLED = "settled", _("Told another way")
        SUPERSEDED = "superseded", _("Replaced by a later one")

    message_id = models.CharField(max_length=200, unique=True, editable=False)
    kind = models.CharField(_("message"), max_length=40)
    about = models.CharField(_("about"), max_length=40, blank=True, default="", db_index=True)
    to = models.CharField(_("to"), max_length=email_addresses.MAX_LENGTH)
    phone_for_staff = models.CharField(_("phone"), max_length=PHONE_LENGTH, blank=True, default="")

    subject = models.CharField(_("subject"), max_length=SUBJECT_LENGTH)
    text = models.TextField(blank=True, default="")
    html = models.TextField(blank=True, default="")
    # [{"name": "appointment.ics", "type": "text/calendar; method=REQUEST", "content": base64}, …]
    attachments = models.JSONField(default=list, blank=True)

    created_at = models.DateTimeField(_("written at"), default=timezone.now)
    give_up_at = models.DateTimeField()
    next_attempt_at = models.DateTimeField(_("next try at"))
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    # How often its text was handed over and no answer told what became of it.
    unanswered = models.PositiveSmallIntegerField(default=0)
    reason = models.CharField(_("what went wrong"), max_length=REASON_LENGTH, blank=True, default="")
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    failed_at = models.DateTimeField(_("given up at"), null=True, blank=True)
    settled_at = models.DateTimeField(_("dealt with at"), null=True, blank=True)
    is_superseded = models.BooleanField(default=False)

    objects = OutgoingMessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        default_permissions = ("view",)
        permissions = [("resend_outgoingmessage", "Can send a message again")]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(sent_at=None, failed_at=None),
                name="message_waiting",
            ),
            models.Index(
                fields=["failed_at"],
                condition=Q(failed_at__isnull=False, settled_at=None),
                name="message_could_not_be_told",
            ),
            models.Index(fields=["-created_at"], name="message_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(failed_at=None), name="message_is_not_both_sent_and_failed"
            ),
            models.CheckConstraint(
                condition=Q(settled_at=None) | Q(failed_at__isnull=False), name="message_settled_had_failed"
            ),
            models.CheckConstraint(
                condition=Q(is_superseded=False) | Q(settled_at__isnull=False),
                name="message_superseded_is_settled",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.about}".strip()

    @property
    def state(self) -> State:
        if self.sent_at:
            return self.State.SENT
        if self.is_superseded:
            return self.State.SUPERSEDED
        if self.settled_at:
            return self.State.SETTLED
        return self.State.FAILED if self.failed_at else self.State.WAITING


class MessageStep(AppendOnlyModel):
    """What somebody of the staff did with a message that could not be told. It outlives the message."""

    class Kind(models.TextChoices):
        RESENT = "resent", _("Sent again")
        SETTLED = "settled", _("Told another way")

    kind = models.CharField(_("what happened"), max_length=10, choices=Kind)
    message_id = models.CharField(max_length=200, db_index=True)
    message_kind = models.CharField(_("message"), max_length=40)
    about = models.CharField(_("about"), max_length=40, blank=True, default="", db_index=True)
    # A person who leaves is deactivated, not deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("step with a message")
        verbose_name_plural = _("steps with messages")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
