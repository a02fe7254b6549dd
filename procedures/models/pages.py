"""The working copy: what staff edit. Patients see none of it until it is published."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _


class Drawing(models.TextChoices):
    """The drawings in the manner of the lens, under ``static/img/lens/``."""

    SCALE = "scale", _("Instruments and suture")
    VESSEL = "vessel", _("Blood vessels joined")
    NERVE = "nerve", _("Nerve fibers joined")
    REPLANT = "replant", _("Finger reattached")
    TUMOR = "tumor", _("Tumor beside a nerve")
    FIELD = "field", _("The empty operating field")


class Page(models.Model):
    """What every clinical page has. Its parts are rows of their own, ordered, and belong to the page."""

    title = models.CharField(_("title"), max_length=65)
    summary = models.CharField(
        _("summary"), max_length=200, help_text=_("Two plain sentences. Shown under the title and on cards.")
    )
    description = models.CharField(
        _("description for search engines"), max_length=155, help_text=_("One sentence.")
    )
    author = models.CharField(_("written by"), max_length=80, blank=True, default="")
    drawing = models.CharField(_("drawing"), max_length=20, choices=Drawing, default=Drawing.FIELD)
    photo = models.ForeignKey(
        "procedures.Photo",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("photograph"),
    )
    photo_alt = models.CharField(
        _("description of the photograph"),
        max_length=125,
        blank=True,
        default="",
        help_text=_("What it shows, for people who cannot see it. Needed with a photograph."),
    )
    edited_at = models.DateTimeField(_("edited at"), auto_now=True)
    edited_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("edited by"),
    )

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        permissions = [("publish_page", _("Can publish pages"))]

    def __str__(self) -> str:
        return self.title

    def of_its_kind(self) -> "Page":
        """This page as the ``Overview`` or the ``Procedure`` that it is."""
        if isinstance(self, Overview | Procedure):
            return self
        return getattr(self, "procedure", None) or self.overview


class Overview(Page):
    """The front page: what microsurgery is. There is one."""

    has_one_row = True

    class Meta:
        verbose_name = _("overview")
        verbose_name_plural = _("overview")

    def clean(self) -> None:
        super().clean()
        if Overview.objects.exclude(pk=self.pk).exists():
            raise ValidationError(_("There is one overview already. Change that one."))


class Procedure(Page):
    """One procedure that the clinic offers."""

    class Urgency(models.TextChoices):
        PLANNED = "planned", _("Planned")
        EMERGENCY = "emergency", _("Emergency")
        BOTH = "both", _("Planned or emergency")

    slug = models.SlugField(
        _("address"), max_length=80, unique=True, help_text=_("The last part of the page’s address.")
    )
    plain_name = models.CharField(
        _("plain name"), max_length=80, help_text=_("In everyday words: “reconnecting a damaged nerve”.")
    )
    menu_label = models.CharField(_("name in the menu"), max_length=30)
    alternate_names = models.CharField(
        _("other names"), max_length=120, blank=True, default="", help_text=_("Separated by commas.")
    )
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.PLANNED)
    body_location = models.CharField(_("part of the body"), max_length=80, blank=True, default="")
    show_in_form = models.BooleanField(_("offered in the request form"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("procedure")
        verbose_name_plural = _("procedures")
        ordering = ["position", "pk"]
        # The menu asks for the first of them: it need not look at the others.
        indexes = [models.Index(fields=["position", "page_ptr"], name="procedure_by_position")]

    def clean(self) -> None:
        """Names that differ in capitals alone are one name. What is stored already may stay as it is."""
        super().clean()
        others = Procedure.objects.exclude(pk=self.pk)
        stored = Procedure.objects.filter(pk=self.pk).values_list("slug", "title").first()
        slug, title = stored or ("", "")
        errors = {}
        alike = others.filter(slug__iexact=self.slug).exclude(slug=self.slug)
        if slug != self.slug and alike.exists():
            errors["slug"] = _("Another procedure has this address. Choose another.")
        shown = others.filter(archived_at=None)
        if title != self.title and shown.filter(title__iexact=self.title).exists():
            errors["title"] = _("Another procedure has this title. Choose another.")
        if errors:
            raise ValidationError(errors)
