"""Publications: one immutable row for each version of a page in each language."""

from datetime import datetime
from typing import Any, NoReturn

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from procedures.models.disclaimer import Disclaimer

# A version that was canceled before its start never counts.
NOT_CALLED_OFF = Q(withdrawn_at=None) | Q(withdrawn_at__gt=F("live_from"))
# Published before the disclaimer was last changed. The emergency text shows none.
HAS_OUTDATED_DISCLAIMER = Q(published_at__lt=Subquery(Disclaimer.objects.values("changed_at")[:1])) & ~Q(
    page__kind="emergency"
)


def _replaced_by_then() -> Exists:
    """A newer version, published while this one was scheduled, that starts no later than this one."""
    return Exists(
        Publication.objects.filter(
            NOT_CALLED_OFF,
            page=OuterRef("page"),
            language=OuterRef("language"),
            number__gt=OuterRef("number"),
            published_at__lt=OuterRef("live_from"),
            live_from__lte=OuterRef("live_from"),
        )
    )


def is_outdated() -> Exists:
    """A translation of an English version that has been replaced by more than a correction of typing."""
    english = Publication.objects.shown().filter(
        page=OuterRef("page"), language=settings.LANGUAGE_CODE, is_minor=False
    )
    return Exists(english.filter(number__gt=OuterRef("translates__number")))


class PublicationQuerySet(models.QuerySet["Publication"]):
    def took_effect(self, at: datetime) -> "PublicationQuerySet":
        """Versions that had started by then, without those canceled before their start."""
        return self.filter(NOT_CALLED_OFF, live_from__lte=at)

    def in_force(self, at: datetime | None = None) -> "PublicationQuerySet":
        """The newest version of each page and language at a time, including withdrawn ones.

        A replaced version never comes back, not even when the newer one is withdrawn.
        """
        at = at or timezone.now()
        newer = Publication.objects.took_effect(at).filter(
            page=OuterRef("page"), language=OuterRef("language"), number__gt=OuterRef("number")
        )
        return self.took_effect(at).filter(~Exists(newer))

    def live(self, at: datetime | None = None) -> "PublicationQuerySet":
        """Versions that readers see at a time, by default now."""
        at = at or timezone.now()
        return self.in_force(at).filter(Q(withdrawn_at=None) | Q(withdrawn_at__gt=at))

    def live_for(self, language: str, at: datetime | None = None) -> "PublicationQuerySet":
        """Versions that readers of a language see: a page that is not live in it is in English."""
        if language == settings.LANGUAGE_CODE:
            return self.live(at).filter(language=language)
        translated = Publication.objects.live(at).filter(page=OuterRef("page"), language=language)
        instead = Q(language=settings.LANGUAGE_CODE) & ~Exists(translated)
        return self.live(at).filter(Q(language=language) | instead)

    def pending(self) -> "PublicationQuerySet":
        """Versions that have not started yet, without canceled ones."""
        return self.filter(NOT_CALLED_OFF, live_from__gt=timezone.now())

    def scheduled(self) -> "PublicationQuerySet":
        """Versions that will be live at their start."""
        return self.pending().filter(~_replaced_by_then())

    def replaced(self) -> "PublicationQuerySet":
        """Versions that will never be live, because a newer one replaced them before their start."""
        return self.filter(NOT_CALLED_OFF, _replaced_by_then())

    def shown(self) -> "PublicationQuerySet":
        """Versions that are live or have been."""
        return self.took_effect(timezone.now()).filter(~_replaced_by_then())

    def procedures(self) -> "PublicationQuerySet":
        """Versions of procedures, by their position."""
        return self.filter(page__kind="procedure").order_by("page__position", "page_id")

    def update(self, **changes: Any) -> int:
        if set(changes) - {"withdrawn_at"}:
            raise TypeError(
                "A publication is immutable: only withdrawn_at is ever set. Publish a new version."
            )
        return super().update(**changes)

    def delete(self) -> NoReturn:
        raise TypeError("A publication is never deleted. Withdraw it.")


class Publication(models.Model):
    """One version of a page in one language, as it was signed.

    ``document`` is the JSON of a ``PageDocument``; ``card`` is the JSON of its ``Card``, for menus and lists;
    ``slug`` is the address it was published under. ``translates`` is the English version that a translation
    was made of.
    """

    page = models.ForeignKey(
        "procedures.Page", models.PROTECT, related_name="publications", verbose_name=_("page")
    )
    language = models.CharField(_("language"), max_length=10)
    number = models.PositiveIntegerField(_("version"))
    slug = models.CharField(_("address"), max_length=80, blank=True, default="")
    document = models.TextField(_("document"))
    card = models.TextField(_("card"))
    reviewer = models.ForeignKey(
        "procedures.Practitioner", models.PROTECT, null=True, related_name="+", verbose_name=_("reviewer")
    )
    reviewed_on = models.DateField(_("reviewed on"), null=True)
    review_due_on = models.DateField(_("next review due on"), null=True)
    change_note = models.CharField(_("what changed"), max_length=200, blank=True, default="")
    is_minor = models.BooleanField(_("correction of typing"), default=False)
    published_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("published by")
    )
    published_at = models.DateTimeField(_("published at"))
    live_from = models.DateTimeField(_("live from"))
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)
    translates = models.ForeignKey(
        "self", models.PROTECT, null=True, related_name="translations", verbose_name=_("translates")
    )

    objects = PublicationQuerySet.as_manager()

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["page", "language", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["page", "language", "number"], name="one_publication_of_a_number"
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="publication_numbers_start_at_1"),
        ]
        indexes = [
            models.Index(fields=["language", "slug", "live_from"], name="publication_by_address"),
            # Every request checks whether a scheduled version has started.
            models.Index(fields=["live_from"], name="publication_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.language} {self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("A publication is immutable. Publish a new version, or withdraw this one.")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        with override(self.language):
            return reverse(f"procedures:{self.page.kind}", args=[self.slug] if self.slug else None)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise TypeError("A publication is never deleted. Withdraw it.")


class PreviewLinkQuerySet(models.QuerySet["PreviewLink"]):
    def valid(self) -> "PreviewLinkQuerySet":
        """Links that still work: not for archived pages, nor after their creator's account is closed."""
        return self.filter(
            expires_at__gt=timezone.now(), revoked_at=None, created_by__is_active=True, page__archived_at=None
        )


class PreviewLink(models.Model):
    """Lets people without an account read the draft of one page for some days.

    The link is shown once, when it is created; only the SHA-256 of its token is stored.
    """

    page = models.ForeignKey("procedures.Page", models.CASCADE, related_name="preview_links")
    language = models.CharField(_("language"), max_length=10)
    token_hash = models.CharField(max_length=64, unique=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    objects = PreviewLinkQuerySet.as_manager()

    class Meta:
        verbose_name = _("preview link")
        verbose_name_plural = _("preview links")
        ordering = ["-created_at"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.page} ({self.expires_at:%Y-%m-%d})"
