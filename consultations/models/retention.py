"""How long the personal details of finished requests are kept."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from consultations import workflow


class RetentionRule(models.Model):
    """A manager's number of months for one finished status, in place of ``workflow.RETENTION_MONTHS``."""

    status = models.CharField(
        _("status"),
        max_length=20,
        choices=[(status.value, _(workflow.NAMES[status])) for status in workflow.FINISHED],
        unique=True,
        error_messages={"unique": _("There is already a rule for this status. Change that one.")},
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
