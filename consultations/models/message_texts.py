"""Message texts that managers have changed."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class MessageText(models.Model):
    """A manager's override of one message template in one language.

    ``kind`` is a key of ``messaging.catalogue.KINDS``. Text and subject use placeholders: {{ reference }}.
    """

    kind = models.CharField(_("message"), max_length=40)
    language = models.CharField(_("language"), max_length=10, choices=settings.LANGUAGES)
    subject = models.CharField(_("subject"), max_length=120, blank=True, default="")
    text = models.TextField(_("text"), max_length=4000)
    changed_at = models.DateTimeField(_("changed at"))
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("changed by")
    )
    # When it could not be used, and the default text was first sent instead.
    broken_at = models.DateTimeField(_("could not be used at"), null=True, blank=True)

    class Meta:
        verbose_name = _("message text")
        verbose_name_plural = _("message texts")
        ordering = ["kind", "language"]
        default_permissions = ("view", "change")
        constraints = [
            models.UniqueConstraint(
                fields=["kind", "language"],
                name="one_text_of_a_message",
                violation_error_message=_("There is a text for this message in this language already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} ({self.language})"
