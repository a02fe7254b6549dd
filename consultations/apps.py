from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ConsultationsConfig(AppConfig):
    name = "consultations"
    verbose_name = _("Consultations")
    staff_order = 10
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from django.contrib.auth.models import User

        from clinic_site import consequences, live, panels, readiness, roles, sample_content
        from clinic_site.models import Closure, OpeningHours
        from clinic_site.outbox import subjects
        from consultations import chores, privacy, texts
        from consultations.desk import log, untold, warnings
        from consultations.desk.panel import panel
        from consultations.models import PrivacyNotice
        from consultations.services import forgetting
        from procedures.models import Practitioner

        for role in (roles.COORDINATOR, roles.MANAGER):
            roles.grant(
                role,
                "consultations.view_consultationrequest",
                "consultations.change_status",
                "consultations.view_photograph",
            )
        for permission in ("export_requests", "erase_request", "view_figures", "view_disclosure"):
            roles.grant(roles.MANAGER, f"consultations.{permission}")
        roles.grant(roles.MANAGER, "consultations.manage_feeds")
        manager = (roles.MANAGER,)
        roles.grant_models(manager, "consultations", ("privacynotice",), actions="view add")
        roles.grant_models(manager, "consultations", ("messagetext",), actions="view change")
        roles.grant_models(manager, "consultations", ("retentionrule",), actions="view add change delete")
        panels.register(1, "admin/desk/queue/panel.html", panel)
        panels.register(80, "admin/consultations/messagetext/panel.html", texts.texts_panel)
        panels.register(90, "admin/desk/keeping/panel.html", log.panel)
        consequences.register(Closure, warnings.closure_over_times)
        consequences.register(OpeningHours, warnings.times_outside_hours)
        consequences.register(Practitioner, warnings.times_with_nobody)
        consequences.register(User, warnings.requests_with_nobody)
        sample_content.register(30, privacy.load_sample)
        readiness.register("privacy notice", privacy.require_notice)
        readiness.register("erasures", forgetting.require_replayed)
        chores.register()
        subjects.register(untold.show)
        live.shown(PrivacyNotice)
        live.changes_with_time(PrivacyNotice, "published_at")
