"""Drafts of pages, which staff edit. Patients see them once they are published."""

from typing import Any, ClassVar, Self, TypeVar

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.core.editing.translatable import Translatable
from procedures.models.photos import WithPhoto
from procedures.validators import OneItemPerLine, lines

# Drafts are written in English. What is published in English is translated.
DRAFT_LANGUAGE = "en"


P = TypeVar("P", bound="Page")


class Drawing(models.TextChoices):
    """Drawings under ``static/procedures/lens/``."""

    SCALE = "scale", _("Instruments and suture")
    VESSEL = "vessel", _("Blood vessels joined")
    NERVE = "nerve", _("Nerve fibers joined")
    REPLANT = "replant", _("Finger reattached")
    TUMOR = "tumor", _("Tumor beside a nerve")
    FIELD = "field", _("The empty operating field")


# The files of static/procedures/aid/, and two names without one: the button to call, and no drawing.
FIRST_AID_DRAWINGS = ("call", "press", "lie", "rings", "wrap", "bag", "ice", "label", "none")


class Page(Translatable, WithPhoto):
    """A clinical page: the overview, a procedure or the emergency text. Its parts are ordered rows.

    ``Overview``, ``Procedure`` and ``Emergency`` are proxies, so that the admin and permissions tell them
    apart.
    """

    class Kind(models.TextChoices):
        OVERVIEW = "overview", _("Overview")
        PROCEDURE = "procedure", _("Procedure")
        EMERGENCY = "emergency", _("Emergency text")

    class Urgency(models.TextChoices):
        PLANNED = "planned", _("Planned")
        EMERGENCY = "emergency", _("Emergency")
        BOTH = "both", _("Planned or emergency")

    # Set by the proxies.
    only_kind: ClassVar[str] = ""
    has_one_row: ClassVar[bool] = False

    kind = models.CharField(_("kind"), max_length=10, choices=Kind, editable=False)
    title = models.CharField(_("title"), max_length=65)
    summary = models.CharField(
        _("summary"), max_length=200, help_text=_("Two plain sentences. Shown under the title and on cards.")
    )
    description = models.CharField(
        _("description for search engines"), max_length=155, help_text=_("One sentence.")
    )
    author = models.CharField(_("written by"), max_length=80, blank=True, default="")
    drawing = models.CharField(_("drawing"), max_length=20, choices=Drawing, default=Drawing.FIELD)
    # The fields from here to position are for procedures only, and required there where not blank=True.
    slug = models.SlugField(
        _("address"), max_length=80, default="", help_text=_("The last part of the page’s address.")
    )
    plain_name = models.CharField(
        _("plain name"),
        max_length=80,
        default="",
        help_text=_("In everyday words: “reconnecting a damaged nerve”."),
    )
    menu_label = models.CharField(_("name in the menu"), max_length=30, default="")
    door = models.CharField(
        _("what happened, in the patient’s words"),
        max_length=60,
        blank=True,
        default="",
        help_text=_(
            "The first page asks “What happened?”: “A finger or hand is cut off”. Empty: the plain name."
        ),
    )
    alternate_names = models.CharField(
        _("other names"), max_length=120, blank=True, default="", help_text=_("Separated by commas.")
    )
    urgency = models.CharField(_("urgency"), max_length=10, choices=Urgency, default=Urgency.PLANNED)
    body_location = models.CharField(_("part of the body"), max_length=80, blank=True, default="")
    show_in_form = models.BooleanField(_("offered in the request form"), default=True)
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    # The fields from here to shows_tourniquet are for the emergency text only, and required there likewise.
    signs_heading = models.CharField(
        _("heading of the signs"),
        max_length=80,
        default="",
        help_text=_("Say what to do, and end with “if:”."),
    )
    signs = models.TextField(
        _("signs of an emergency"),
        default="",
        help_text=_("One per line."),
        validators=[OneItemPerLine(items=8, length=120)],
    )
    first_aid = models.TextField(
        _("first aid, in order"),
        default="",
        help_text=_("One step per line."),
        validators=[OneItemPerLine(items=8, length=350)],
    )
    warnings = models.TextField(
        _("what not to do"),
        default="",
        help_text=_("One per line."),
        validators=[OneItemPerLine(items=8, length=200)],
    )
    drawings = models.TextField(
        _("drawings of the steps"),
        blank=True,
        default="",
        help_text=_(
            "One per line, in the order of the steps: call, press, lie, rings, wrap, bag, ice, label, none."
        ),
        validators=[OneItemPerLine(items=8, length=10)],
    )
    tourniquet = models.CharField(
        _("when to tie a tourniquet"),
        max_length=350,
        blank=True,
        default="",
        help_text=_("Shown under the steps, and only when the box below is checked."),
    )
    shows_tourniquet = models.BooleanField(
        _("show the line about a tourniquet"),
        default=False,
        help_text=_("Check this only after a clinician has decided on the line above."),
    )
    archived_at = models.DateTimeField(_("archived at"), null=True, blank=True, editable=False)
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
        constraints = [
            models.UniqueConstraint(
                fields=["kind"],
                condition=~models.Q(kind="procedure"),
                name="one_overview_and_one_emergency_text",
            ),
            models.UniqueConstraint(
                fields=["slug"], condition=models.Q(kind="procedure"), name="one_procedure_at_an_address"
            ),
            models.CheckConstraint(
                condition=models.Q(kind__in=["overview", "emergency"], slug="", archived_at=None)
                | models.Q(kind="procedure") & ~models.Q(slug="") & ~models.Q(menu_label=""),
                name="only_procedures_have_an_address",
            ),
        ]
        # The menu reads the first procedures by this index.
        indexes = [models.Index(fields=["kind", "position", "id"], name="page_by_position")]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.kind = self.only_kind or self.kind
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self.has_one_row and Page.objects.filter(kind=self.only_kind).exclude(pk=self.pk).exists():
            raise ValidationError(_("There is one already. Change that one."))


class OneKindManager(models.Manager[P]):
    """The pages of a proxy's kind."""

    def get_queryset(self) -> models.QuerySet[P]:
        return super().get_queryset().filter(kind=self.model.only_kind)


class Overview(Page):
    """The front page: what microsurgery is. There is one."""

    has_one_row = True
    only_kind = Page.Kind.OVERVIEW

    objects: ClassVar[OneKindManager[Self]] = OneKindManager()

    class Meta:
        proxy = True
        verbose_name = _("overview")
        verbose_name_plural = _("overview")


class Emergency(Page):
    """When to call 1122, and first aid until help arrives: ``/emergency/``, and part of other pages.

    Once published it is never withdrawn, only replaced.
    """

    has_one_row = True
    only_kind = Page.Kind.EMERGENCY

    objects: ClassVar[OneKindManager[Self]] = OneKindManager()

    class Meta:
        proxy = True
        verbose_name = _("emergency text")
        verbose_name_plural = _("emergency text")

    def clean(self) -> None:
        super().clean()
        if unknown := [name for name in lines(self.drawings) if name not in FIRST_AID_DRAWINGS]:
            message = _("There is no drawing “%(name)s”. Choose from: %(names)s.")
            names = ", ".join(FIRST_AID_DRAWINGS)
            raise ValidationError({"drawings": message % {"name": unknown[0], "names": names}})
        if self.shows_tourniquet and not self.tourniquet.strip():
            message = _("Write the line about a tourniquet, or uncheck the box below.")
            raise ValidationError({"tourniquet": message})


class Procedure(Page):
    """One procedure that the clinic offers."""

    only_kind = Page.Kind.PROCEDURE

    objects: ClassVar[OneKindManager[Self]] = OneKindManager()

    class Meta:
        proxy = True
        verbose_name = _("procedure")
        verbose_name_plural = _("procedures")
        ordering = ["position", "pk"]

    def clean(self) -> None:
        """Refuse a new address or title that differs from another procedure’s in case alone."""
        super().clean()
        others = Procedure.objects.exclude(pk=self.pk)
        stored = Procedure.objects.filter(pk=self.pk).values_list("slug", "title").first()
        slug, title = stored or ("", "")
        errors = {}
        if slug != self.slug and others.filter(slug__iexact=self.slug).exists():
            errors["slug"] = _("Another procedure has this address. Choose another.")
        shown = others.filter(archived_at=None)
        if title != self.title and shown.filter(title__iexact=self.title).exists():
            errors["title"] = _("Another procedure has this title. Choose another.")
        if errors:
            raise ValidationError(errors)
