"""Privacy notices: what patients agree to when they send a request."""

import re

from django.conf import settings
from django.core.cache import cache
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from clinic_site.core.append_only import AppendOnlyModel


class PrivacyNoticeQuerySet(models.QuerySet["PrivacyNotice"]):
    def in_force(self) -> "PrivacyNoticeQuerySet":
        return self.filter(published_at__lte=timezone.now())

    def current(self, language: str) -> "PrivacyNotice | None":
        """Return the newest notice in a language, or in the site's own language if there is none."""
        newest_first = (
            self.in_force().filter(language__in=[language, settings.LANGUAGE_CODE]).order_by("-number")
        )
        return min(newest_first, key=lambda notice: notice.language != language, default=None)

    def to_agree_to(self, shown: str, language: str) -> "PrivacyNotice | None":
        """Return the notice with the id that the form shows, otherwise the current one.

        Patients agree to the notice they have read, even if a newer one was published meanwhile. Only the
        current one is cached, as long as a public page: others are rare, and any id can be sent.
        """
        key = f"notice:{language}"
        current: PrivacyNotice | None = cache.get_or_set(
            key, lambda: self.current(language), settings.PAGE_CACHE_SECONDS
        )
        is_id = shown.isascii() and shown.isdigit() and len(shown) < 19
        if not is_id or (current and shown == str(current.pk)):
            return current
        return self.in_force().filter(pk=shown).first() or current

    def next_number(self, language: str) -> int:
        newest = self.filter(language=language).aggregate(models.Max("number"))["number__max"]
        return (newest or 0) + 1


class PrivacyNotice(AppendOnlyModel):
    """One version of the notice in one language. Never changed: a correction is a new version."""

    number = models.PositiveIntegerField(_("version"))
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    summary = models.TextField(
        _("in three sentences"), max_length=500, help_text=_("Shown in the form, above the box to tick.")
    )
    text = models.TextField(
        _("the whole notice"),
        max_length=20_000,
        help_text=_("Paragraphs, headings with ##, lists with -, **bold**, and links."),
    )
    published_at = models.DateTimeField(_("published at"), default=timezone.now)

    objects = PrivacyNoticeQuerySet.as_manager()

    class Meta:
        verbose_name = _("privacy notice")
        verbose_name_plural = _("privacy notices")
        ordering = ["language", "-number"]
        default_permissions = ("view", "add")
        constraints = [
            models.UniqueConstraint(
                fields=["language", "number"],
                name="one_notice_of_a_number",
                violation_error_message=_("There is a notice with this number in this language already."),
            )
        ]

    def __str__(self) -> str:
        return gettext("Version %(number)d (%(language)s)") % {
            "number": self.number,
            "language": self.get_language_display(),
        }

    @property
    def sections(self) -> list[tuple[str, str]]:
        """(heading, text) pairs, split at lines that begin with "## ". The first may have no heading."""
        parts = re.split(r"^## *(.*)$", self.text.replace("\r\n", "\n"), flags=re.MULTILINE)
        pairs = [("", parts[0]), *zip(parts[1::2], parts[2::2], strict=True)]
        return [(heading.strip(), text.strip()) for heading, text in pairs if heading.strip() or text.strip()]
