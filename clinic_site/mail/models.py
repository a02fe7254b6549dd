"""The stored outgoing messages, and what staff did with those that could not be delivered."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Concat, NullIf, Trim
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.core import email_addresses
from clinic_site.core.append_only import AppendOnlyModel
from clinic_site.mail.related_objects import RelatedObject

SUBJECT_LENGTH = 150
ERROR_LENGTH = 300
PHONE_LENGTH = 30


class OutgoingMessageQuerySet(models.QuerySet["OutgoingMessage"]):
    def waiting(self) -> "OutgoingMessageQuerySet":
        """Messages that the worker still has to send."""
        return self.filter(sent_at=None, failed_at=None)

    def due(self, now: datetime) -> "OutgoingMessageQuerySet":
        """Messages to attempt now, the longest due first."""
        return self.waiting().filter(next_attempt_at__lte=now).order_by("next_attempt_at", "pk")

    def undelivered(self) -> "OutgoingMessageQuerySet":
        """Failed messages that staff have not resolved yet."""
        return self.filter(failed_at__isnull=False, resolved_at=None)

    def completed_before(self, moment: datetime) -> "OutgoingMessageQuerySet":
        """Messages sent, resolved or superseded before a moment: not the undelivered, however old."""
        return self.filter(Q(sent_at__lt=moment) | Q(resolved_at__lt=moment))

    def with_last_step(self) -> "OutgoingMessageQuerySet":
        """Annotate the last action of staff, ``last_step``, and its actor's name, ``last_step_by``."""
        steps = MessageStep.objects.filter(message_id=models.OuterRef("message_id")).order_by("-at", "-pk")
        name = Trim(Concat("actor__first_name", models.Value(" "), "actor__last_name"))
        by = Coalesce(NullIf(name, models.Value("")), "actor__email", output_field=models.CharField())
        return self.annotate(
            last_step=models.Subquery(steps.values("kind")[:1]),
            last_step_by=models.Subquery(steps.values_list(by)[:1]),
        )

    def failed_first(self) -> "OutgoingMessageQuerySet":
        """Undelivered messages first, then the newest."""
        is_failed = models.ExpressionWrapper(
            Q(failed_at__isnull=False, resolved_at=None), output_field=models.BooleanField()
        )
        return self.alias(is_failed=is_failed).order_by(F("is_failed").desc(), "-created_at", "-pk")


class OutgoingMessage(models.Model):
    """A message to one address. Only ``clinic_site.mail.queue`` and ``worker`` write these rows.

    A message waits until ``sent_at`` or ``failed_at`` is set. A worker leases it by raising ``attempts`` and
    moving ``next_attempt_at`` to the end of the lease; it records the result only while ``attempts`` is
    unchanged. A superseded message counts as failed and resolved. The text is deleted once the message is
    sent or resolved, subject and address by the cleanup.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Could not be delivered")
        RESOLVED = "resolved", _("Informed another way")
        SUPERSEDED = "superseded", _("Replaced by a later message")

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
    next_attempt_at = models.DateTimeField(_("next attempt at"))
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    # Attempts after which the message may have arrived, although the server did not confirm it.
    unconfirmed_attempts = models.PositiveSmallIntegerField(default=0)
    last_error = models.CharField(_("last error"), max_length=ERROR_LENGTH, blank=True, default="")
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    failed_at = models.DateTimeField(_("failed at"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    is_superseded = models.BooleanField(default=False)

    objects = OutgoingMessageQuerySet.as_manager()
    # What it is about, for the admin.
    related: RelatedObject | None = None

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
                condition=Q(failed_at__isnull=False, resolved_at=None),
                name="message_undelivered",
            ),
            models.Index(fields=["-created_at"], name="message_newest"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(failed_at=None), name="message_is_not_both_sent_and_failed"
            ),
            models.CheckConstraint(
                condition=Q(resolved_at=None) | Q(failed_at__isnull=False), name="message_resolved_had_failed"
            ),
            models.CheckConstraint(
                condition=Q(is_superseded=False) | Q(resolved_at__isnull=False),
                name="message_superseded_is_resolved",
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
        if self.resolved_at:
            return self.State.RESOLVED
        return self.State.FAILED if self.failed_at else self.State.WAITING


class MessageStep(AppendOnlyModel):
    """An action of staff on an undelivered message. It outlives the message."""

    retention = settings.AUDIT_RETENTION

    class Kind(models.TextChoices):
        RESENT = "resent", _("Sent again")
        RESOLVED = "resolved", _("Informed another way")

    kind = models.CharField(_("what happened"), max_length=10, choices=Kind)
    message_id = models.CharField(max_length=200, db_index=True)
    message_kind = models.CharField(_("message"), max_length=40)
    about = models.CharField(_("about"), max_length=40, blank=True, default="", db_index=True)
    # A person who leaves is deactivated, not deleted.
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("by")
    )
    at = models.DateTimeField(_("at"), default=timezone.now)

    class Meta:
        verbose_name = _("action on a message")
        verbose_name_plural = _("actions on messages")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"
