"""The disclaimer, which every page shares."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinic_site.core.models import SingletonModel


class Disclaimer(SingletonModel):
    """The disclaimer of every page. Publications freeze it: changing it does not change published pages."""

    changed_at = models.DateTimeField(_("last changed"), auto_now=True, editable=False)
    heading = models.CharField(_("heading"), max_length=65)
    body = models.TextField(_("text"), max_length=1500)

    class Meta:
        verbose_name = _("disclaimer")
        verbose_name_plural = _("disclaimer")

    def __str__(self) -> str:
        return self.heading
