"""Photographs of pages and practitioners."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Photo(models.Model):
    """One photograph, re-encoded in several widths; the original is not kept.

    Its files are named by its digest and never change, so a publication may refer to them permanently.
    """

    digest = models.CharField(max_length=64, unique=True, editable=False)
    width = models.PositiveIntegerField(editable=False)
    height = models.PositiveIntegerField(editable=False)
    widths = models.JSONField(default=list, editable=False)
    uploaded_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("photograph")
        verbose_name_plural = _("photographs")

    def __str__(self) -> str:
        return f"{self.digest[:8]} ({self.width} × {self.height})"


class WithPhoto(models.Model):
    """A record that may be illustrated."""

    photo = models.ForeignKey(
        Photo, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("photograph")
    )
    photo_alt = models.CharField(
        _("description of the photograph"),
        max_length=125,
        blank=True,
        default="",
        help_text=_("What it shows, for people who cannot see it. Needed with a photograph."),
    )

    class Meta:
        abstract = True
