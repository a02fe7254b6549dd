"""The medical publications that pages cite."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.Model):
    """A medical publication that supports a statement on a page."""

    key = models.SlugField(
        _("short name"), max_length=60, unique=True, help_text=_("For staff, such as “shen-2021”.")
    )
    title = models.CharField(_("title"), max_length=200)
    publisher = models.CharField(_("publisher"), max_length=120, help_text=_("Journal, society or hospital."))
    year = models.PositiveSmallIntegerField(
        _("year"), null=True, blank=True, validators=[MinValueValidator(1900), MaxValueValidator(2100)]
    )
    url = models.URLField(_("web address"), max_length=300, blank=True, default="")
    accessed_on = models.DateField(_("last opened on"), null=True, blank=True)

    class Meta:
        verbose_name = _("source")
        verbose_name_plural = _("sources")
        ordering = ["key"]

    def __str__(self) -> str:
        return f"{self.title} ({self.publisher}{f', {self.year}' if self.year else ''})"
