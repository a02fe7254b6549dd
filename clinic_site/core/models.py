"""Shared tables and base classes."""

from typing import Any, Self

from django.db import models


class SingletonModel(models.Model):
    """A table with at most one row."""

    has_one_row = True

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)

    @classmethod
    def current(cls) -> Self | None:
        """Return the row, or None while staff have not entered it."""
        return cls._default_manager.filter(pk=1).first()


class RateLimitCounter(models.Model):
    """The attempts of one subject in the window that ends at ``ends_at``.

    Written only by ``clinic_site.core.rate_limits``; ``subject`` is a keyed hash, or "" in the
    row that counts what the limit refused.
    """

    scope = models.CharField(max_length=40)
    subject = models.CharField(max_length=64)
    count = models.PositiveIntegerField()
    ends_at = models.DateTimeField(db_index=True)

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["scope", "subject"], name="one_count_of_a_subject")]

    def __str__(self) -> str:
        return f"{self.scope}: {self.count}"
