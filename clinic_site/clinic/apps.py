from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ClinicConfig(AppConfig):
    name = "clinic_site.clinic"
    verbose_name = _("The clinic")

    def ready(self) -> None:
        from clinic_site.clinic import opening_week
        from clinic_site.clinic.models import ClinicProfile, Closure, InformationPractice, OpeningHours
        from clinic_site.core.http import content_version, site_context_query

        site_context_query.part("clinic", opening_week.profile)
        content_version.shown(ClinicProfile, OpeningHours, Closure, InformationPractice)
