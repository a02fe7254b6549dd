from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")

    def ready(self) -> None:
        from clinic_site.core.http import content_version
        from consultations.models import PrivacyNotice

        content_version.shown(PrivacyNotice)
        content_version.changes_with_time(PrivacyNotice, "published_at")
