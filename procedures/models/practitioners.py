"""The people who treat patients and review pages."""

from itertools import chain, count
from typing import Any

from django.db import models
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.translatable import Translatable
from procedures.models.photos import WithPhoto


class PractitionerQuerySet(models.QuerySet["Practitioner"]):
    def active(self) -> "PractitionerQuerySet":
        """Those who work here now: shown on the site, given appointments, and able to sign reviews."""
        return self.filter(is_active=True)


class Practitioner(Translatable, WithPhoto):
    """A person who treats patients and may review pages."""

    name = models.CharField(_("name"), max_length=80)
    slug = models.SlugField(
        _("address"),
        max_length=80,
        unique=True,
        blank=True,
        help_text=_("The last part of the address of their page. Leave it empty to make one from the name."),
        error_messages={"unique": _("Another practitioner has this address. Choose another.")},
    )
    registration_number = models.CharField(
        _("PMDC registration number"),
        max_length=30,
        blank=True,
        default="",
        # PMDC publishes no format for this number, so any text is accepted.
        help_text=_("As printed on the PMDC certificate. Needed before this person can review a page."),
    )
    qualifications = models.CharField(
        _("qualifications"),
        max_length=200,
        blank=True,
        default="",
        help_text=_("Only those PMDC has registered."),
    )
    specialty = models.CharField(
        _("specialty"), max_length=120, blank=True, default="", help_text=_("Only as registered with PMDC.")
    )
    training = models.TextField(
        _("training"),
        max_length=600,
        blank=True,
        default="",
        help_text=_("Where they trained as a surgeon, and in which years. One place per line."),
    )
    languages = models.CharField(
        _("languages"),
        max_length=120,
        blank=True,
        default="",
        help_text=_("The languages they speak with patients."),
    )
    procedures = models.ManyToManyField(
        "procedures.Procedure",
        blank=True,
        related_name="surgeons",
        verbose_name=_("procedures they do"),
        help_text=_("Their page and the pages of these procedures link to each other."),
    )
    biography = models.TextField(_("biography"), max_length=800, blank=True, default="")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    is_active = models.BooleanField(_("shown on the site"), default=True)
    is_sample = models.BooleanField(
        _("sample"), default=False, help_text=_("A sample, not a real person. Pages say so.")
    )

    translated_fields = (
        *("name", "qualifications", "specialty", "training", "languages", "biography", "photo_alt"),
    )

    objects = PractitionerQuerySet.as_manager()

    class Meta:
        verbose_name = _("practitioner")
        verbose_name_plural = _("practitioners")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.slug = self.slug or self._slug_of_name()
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("procedures:surgeon", args=[self.slug])

    def _slug_of_name(self) -> str:
        """Return a free address; a second Dr. Khan is "dr-khan-2"."""
        slug = slugify(self.name)[:70].strip("-") or "surgeon"
        others = Practitioner.objects.exclude(pk=self.pk).filter(slug__startswith=slug)
        taken = set(others.values_list("slug", flat=True))
        names = chain([slug], (f"{slug}-{number}" for number in count(2)))
        return next(name for name in names if name not in taken)
