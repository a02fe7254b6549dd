"""Rows of the photographs and reports of requests; ``intake.file_storage`` holds the files."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from consultations.answers import FileKind
from consultations.models.consultation_requests import ConsultationRequest, optional_staff_member


class Attachment(models.Model):
    """One file that the patient or staff added to a request: a photograph, or a report as PDF."""

    Kind = FileKind

    request = models.ForeignKey(ConsultationRequest, models.PROTECT, related_name="attachments")
    kind = models.CharField(_("kind"), max_length=6, choices=Kind)
    name = models.CharField(max_length=80, unique=True, editable=False)
    # As the patient's phone called the file, for the patient.
    original_name = models.CharField(_("file name"), max_length=60, blank=True, default="")
    thumbnail_name = models.CharField(max_length=80, blank=True, default="", editable=False)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    size = models.PositiveIntegerField(_("bytes"))
    digest = models.CharField(max_length=64, editable=False)
    added_at = models.DateTimeField(_("added at"))
    added_by = optional_staff_member(_("added by"))  # None if the patient added it

    class Meta:
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        ordering = ["added_at", "pk"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"

    @property
    def is_locked(self) -> bool:
        return self.kind == self.Kind.LOCKED_PDF

    @property
    def is_image(self) -> bool:
        return self.kind == self.Kind.IMAGE
