"""Quality of pages: mistakes that readers report, words to avoid, and review reminders."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _


class MistakeReportQuerySet(models.QuerySet["MistakeReport"]):
    def open(self) -> "MistakeReportQuerySet":
        """Reports to be handled, oldest first."""
        return self.filter(status=MistakeReport.Status.OPEN).order_by("created_at")


class MistakeReport(models.Model):
    """A mistake on a page that a reader reports, as a task for staff.

    ``publication`` is the version that the reader saw; none if the report is about the whole site. Name and
    email are for the reply, and are deleted when the report is done.
    """

    class Status(models.TextChoices):
        OPEN = "open", _("Open")
        SUSPECTED = "suspected", _("Looks like spam")
        DONE = "done", _("Done")

    publication = models.ForeignKey(
        "procedures.Publication", models.PROTECT, null=True, related_name="+", verbose_name=_("version")
    )
    text = models.TextField(_("what is wrong"), max_length=1000)
    name = models.CharField(_("name"), max_length=120, blank=True, default="")
    email = models.EmailField(_("email"), blank=True, default="")
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    created_at = models.DateTimeField(_("reported at"), default=timezone.now)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("done by")
    )
    resolved_at = models.DateTimeField(_("done at"), null=True)

    objects = MistakeReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("reported mistake")
        verbose_name_plural = _("reported mistakes")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "created_at"], name="mistakes_to_look_at")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="done", resolved_at__isnull=False, name="", email="")
                | (~models.Q(status="done") & models.Q(resolved_at=None)),
                name="mistake_done_is_signed_and_nameless",
            )
        ]

    def __str__(self) -> str:
        # Without the reader's words, because the admin's log keeps it.
        return _t("%(about)s, %(day)s") % {"about": self.about, "day": f"{self.created_at:%Y-%m-%d}"}

    @property
    def about(self) -> str:
        """The page and version that the report is about."""
        if self.publication is None:
            return _t("The site")
        return _t("%(page)s, version %(number)d") % {
            "page": self.publication.page,
            "number": self.publication.number,
        }


class PlainWord(models.Model):
    """A word to avoid with its plain alternative, or one that promises a result."""

    class Kind(models.TextChoices):
        AVOID = "avoid", _("Has a plainer word")
        PROMISE = "promise", _("Promises a result")

    word = models.CharField(_("word or words"), max_length=60, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.AVOID)
    alternative = models.CharField(
        _("write instead"),
        max_length=120,
        blank=True,
        default="",
        help_text=_("The advice that editors see."),
    )

    class Meta:
        verbose_name = _("word to avoid")
        verbose_name_plural = _("words to avoid")
        ordering = ["word"]

    def __str__(self) -> str:
        return self.word

    def clean(self) -> None:
        super().clean()
        self.word = " ".join(self.word.lower().replace("’", "'").split())


class ReviewReminder(models.Model):
    """When an address was last sent the list of pages due for review, to limit it to one a week."""

    address = models.EmailField(unique=True)
    sent_on = models.DateField()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.sent_on}"
