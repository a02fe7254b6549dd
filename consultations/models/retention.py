"""How long the personal details of closed requests are kept."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from consultations import workflow

CHOICES = [(status.value, _(workflow.NAMES[status])) for status in workflow.FINISHED]


class RetentionRule(models.Model):
    """After how many months a request that ended in a certain way loses its personal details.

    Where a manager has set none, ``settings.RETENTION_MONTHS`` counts.
    """

    status = models.CharField(
        _("ended as"),
        max_length=20,
        choices=CHOICES,
        unique=True,
        error_messages={"unique": _("There is a rule for this ending already. Change that one.")},
    )
    months = models.PositiveSmallIntegerField(
        _("months"), validators=[MinValueValidator(1), MaxValueValidator(240)]
    )

    class Meta:
        verbose_name = _("retention rule")
        verbose_name_plural = _("how long requests are kept")
        ordering = ["status"]

    def __str__(self) -> str:
        return f"{self.get_status_display()}: {self.months}"
