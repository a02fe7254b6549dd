from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CoreConfig(AppConfig):
    name = "clinic_site.core"
    verbose_name = _("Shared parts")
