from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")
    staff_order = 10
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from clinic_site import live, readiness, roles, sample_content
        from consultations import privacy
        from consultations.models import PrivacyNotice

        for role in (roles.COORDINATOR, roles.MANAGER):
            roles.grant(role, "consultations.view_consultationrequest", "consultations.change_status")
        roles.grant_models((roles.MANAGER,), "consultations", ("privacynotice",), actions="view add")
        sample_content.register(30, privacy.load_sample)
        readiness.register("privacy notice", privacy.require_notice)
        live.shown(PrivacyNotice)
        live.changes_with_time(PrivacyNotice, "published_at")
