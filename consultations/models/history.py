"""The history of a request: events, notes, and who has seen it."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from clinic_site.core.append_only import AppendOnlyModel
from consultations.models.consultation_requests import (
    STATUS_CHOICES,
    ConsultationRequest,
    optional_staff_member,
)

# The same text by the same person again within this time is one press that arrived twice.
ONE_PRESS = timedelta(minutes=10)


class Event(AppendOnlyModel):
    """Something that happened to a request: an append-only row, written in the transaction of the change.

    ``detail`` never holds personal details, because events outlive an erasure.
    """

    class Kind(models.TextChoices):
        SUBMITTED = "submitted", _("Sent")
        STATUS_CHANGED = "status_changed", _("Status changed")
        CONTACT_DETAILS_CHANGED = "contact_details_changed", _("Contact details changed")
        CONTACT_DETAILS_CORRECTED = "contact_details_corrected", _("Contact details corrected")
        DETAILS_CORRECTED = "details_corrected", _("Details corrected")
        NOTE_ADDED = "note_added", _("Note added")
        ATTACHMENT_ADDED = "attachment_added", _("Photograph or report added")
        ATTACHMENT_REMOVED = "attachment_removed", _("Photograph or report removed")
        CONTACTED = "contacted", _("Contact tried")
        ASSIGNED = "assigned", _("Assigned")
        ACKNOWLEDGED = "acknowledged", _("Seen by the staff")
        TIME_OFFERED = "time_offered", _("Time offered")
        TIME_AGREED = "time_agreed", _("Time agreed")
        TIME_REFUSED = "time_refused", _("Another time asked for")
        TIME_CANCELED = "time_canceled", _("Time canceled")
        REMINDED = "reminded", _("Reminded of the appointment")
        NOT_REMINDED = "not_reminded", _("Not reminded after all")
        ARRIVED = "arrived", _("Arrived for the appointment")
        NOT_ARRIVED = "not_arrived", _("Not arrived after all")
        NOTIFICATION_NOT_SENT = "notification_not_sent", _("A message was not sent")
        MESSAGE_OPENED = "message_opened", _("Text opened, not confirmed as sent")
        MESSAGE_NOT_SENT = "message_not_sent", _("The opened text was not sent")
        LINK_ASKED_FOR = "link_asked_for", _("New private link asked for")
        LINK_MADE = "link_made", _("New private link made")
        COPY_MADE = "copy_made", _("Copy made for the patient")
        ERASED = "erased", _("Personal details erased")

    # Changes that a form opened earlier must not overwrite unseen.
    RAISES_VERSION = frozenset(
        set(Kind)
        - {
            Kind.SUBMITTED,
            Kind.ACKNOWLEDGED,
            Kind.REMINDED,
            Kind.NOT_REMINDED,
            Kind.ARRIVED,
            Kind.NOT_ARRIVED,
            Kind.NOTIFICATION_NOT_SENT,
            Kind.MESSAGE_OPENED,
            Kind.MESSAGE_NOT_SENT,
            Kind.LINK_ASKED_FOR,
            Kind.LINK_MADE,
            Kind.COPY_MADE,
        }
    )

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="events")
    kind = models.CharField(_("what happened"), max_length=30, choices=Kind)
    actor = optional_staff_member(_("by"))  # None if the patient or the site did it
    at = models.DateTimeField(_("at"))
    from_status = models.CharField(_("from"), max_length=20, choices=STATUS_CHOICES, blank=True, default="")
    to_status = models.CharField(_("to"), max_length=20, choices=STATUS_CHOICES, blank=True, default="")
    detail = models.JSONField(_("detail"), default=dict, blank=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        # The version first: its row lock keeps the ids of events in the order of their versions.
        if self._state.adding and self.kind in self.RAISES_VERSION:
            ConsultationRequest.objects.filter(pk=self.request_id).update(version=models.F("version") + 1)
        super().save(*args, **kwargs)


class Note(models.Model):
    """A note added after the request was sent, by the patient (no author) or by staff."""

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="notes")
    author = optional_staff_member(_("by"))
    text = models.TextField(_("text"))
    at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        ordering = ["at", "pk"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.request} {self.at:%Y-%m-%d %H:%M}"

    def is_same_press(self, text: str) -> bool:
        """Whether the same author's ``text`` is this note, sent a second time."""
        return self.text == text and timezone.now() - self.at < ONE_PRESS


class Disclosure(AppendOnlyModel):
    """Personal details of a request were shown to a staff member. ``reason`` is given where one is asked."""

    retention = settings.AUDIT_RETENTION

    class Kind(models.TextChoices):
        OPENED = "opened", _("Opened the request")
        LISTED = "listed", _("Saw it in a list")
        FOUND = "found", _("Found it by a search")
        ATTACHMENT = "attachment", _("Saw a photograph")
        DOWNLOADED = "downloaded", _("Downloaded a report")
        EXPORTED = "exported", _("Exported it")
        COPIED = "copied", _("Made a copy for the patient")

    class Reason(models.TextChoices):
        """Why a copy or an export was made. A list, not free text, which could name the patient."""

        ASKED_BY_PHONE = "asked_by_phone", _("Asked for by phone")
        ASKED_IN_WRITING = "asked_in_writing", _("Asked for in writing")
        ASKED_IN_PERSON = "asked_in_person", _("Asked for in person")
        FOLLOW_UP = "follow_up", _("Contacting patients")
        REPORT = "report", _("Report or statistics")
        QUALITY = "quality", _("Quality review")
        AUTHORITY = "authority", _("Asked for by an authority or a lawyer")
        TRANSFER = "transfer", _("Moving to another system")

    COPY_REASONS = (Reason.ASKED_BY_PHONE, Reason.ASKED_IN_WRITING, Reason.ASKED_IN_PERSON)
    EXPORT_REASONS = (Reason.FOLLOW_UP, Reason.REPORT, Reason.QUALITY, Reason.AUTHORITY, Reason.TRANSFER)

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="disclosures")
    kind = models.CharField(_("what"), max_length=12, choices=Kind)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("who")
    )
    at = models.DateTimeField(_("at"))
    # The day at the clinic of a "listed" row, which is written once for each person, request and day.
    listed_on = models.DateField(null=True, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=20, choices=Reason, blank=True, default="")

    class Meta:
        verbose_name = _("view of personal details")
        verbose_name_plural = _("who saw what")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["request", "-at"], name="disclosure_of_request"),
            models.Index(fields=["actor", "-at"], name="disclosure_to_person"),
            models.Index(fields=["-at"], name="disclosure_newest"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["actor", "request", "listed_on"], name="listed_once_a_day")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.at:%Y-%m-%d %H:%M}"


class Presence(models.Model):
    """A staff member has a request open. A row that is minutes old is out of date."""

    request = models.ForeignKey(ConsultationRequest, models.CASCADE, related_name="present")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    opened_at = models.DateTimeField()
    seen_at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["request", "user"], name="one_presence_of_a_person")]

    def __str__(self) -> str:
        return f"{self.user} {self.seen_at:%Y-%m-%d %H:%M}"
