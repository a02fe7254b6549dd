"""Rows of the photographs and reports sent by patients; ``intake.file_storage`` holds the files."""

from datetime import datetime

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from consultations.models.consultation_requests import ConsultationRequest


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def waiting_with(self, key_hash: str) -> "AttachmentQuerySet":
        """Files chosen in a form that is not sent yet."""
        return self.filter(request=None, key_hash=key_hash)

    def unsent(self, before: datetime) -> "AttachmentQuerySet":
        """Files of forms that were not sent."""
        return self.filter(request=None, added_at__lte=before)


class Attachment(models.Model):
    """One file of a patient: a photograph, or a report as PDF.

    Until "Send request" it belongs to the form it was chosen in, not to a request.
    """

    class Kind(models.TextChoices):
        IMAGE = "image", _("Photograph")
        PDF = "pdf", _("Report (PDF)")
        LOCKED_PDF = "locked", _("Report (PDF) that opens only with a password")

    request = models.ForeignKey(
        ConsultationRequest, models.PROTECT, null=True, blank=True, related_name="attachments"
    )
    key_hash = models.CharField(max_length=64, blank=True, default="", editable=False)
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    name = models.CharField(max_length=80, unique=True, editable=False)
    thumbnail_name = models.CharField(max_length=80, blank=True, default="", editable=False)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(max_length=64, editable=False)
    added_at = models.DateTimeField(_("added at"))

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["added_at", "pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(
                fields=["key_hash", "added_at"], name="attachment_waiting", condition=Q(request=None)
            )
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(request__isnull=False) | ~Q(key_hash=""),
                name="attachment_belongs_to_a_request_or_a_form",
            ),
            # Reloading the page sends its files again.
            models.UniqueConstraint(
                fields=["key_hash", "digest"], condition=Q(request=None), name="one_of_a_file_in_a_form"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_locked(self) -> bool:
        return self.kind == self.Kind.LOCKED_PDF

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE
