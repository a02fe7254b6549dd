"""Content quality: feedback reports from readers and words to avoid."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _


class FeedbackReportQuerySet(models.QuerySet["FeedbackReport"]):
    def open(self) -> "FeedbackReportQuerySet":
        """Reports to look at, the oldest first."""
        return self.filter(status=FeedbackReport.Status.OPEN).order_by("created_at")


class FeedbackReport(models.Model):
    """A mistake that a reader reports on a page, as a task for staff.

    ``publication`` is the version that the reader saw; None when the report is about the whole site.
    Staff answer with the name and email, which are removed when the task is done.
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

    objects = FeedbackReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("feedback report")
        verbose_name_plural = _("feedback reports")
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["status", "created_at"], name="feedback_by_status")]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(status="done", resolved_at__isnull=False, name="", email="")
                | (~models.Q(status="done") & models.Q(resolved_at=None)),
                name="feedback_done_is_signed_and_anonymous",
            )
        ]

    def __str__(self) -> str:
        # None of the reader's words: the admin writes this into its log.
        return _t("%(about)s, %(day)s") % {"about": self.about, "day": f"{self.created_at:%Y-%m-%d}"}

    @property
    def about(self) -> str:
        """The page and version the report is about."""
        if self.publication is None:
            return _t("The site")
        return _t("%(page)s, version %(number)d") % {
            "page": self.publication.page,
            "number": self.publication.number,
        }


class PlainWord(models.Model):
    """A word to avoid with its plain alternative, or a word that promises a result."""

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
        help_text=_("Advice to the editor."),
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
