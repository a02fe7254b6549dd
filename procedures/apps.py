from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProceduresConfig(AppConfig):
    name = "procedures"
    verbose_name = _("What patients read")
    staff_order = 20

    def ready(self) -> None:
        from clinic_site import frame, live, panels, readiness, roles, sample_content
        from procedures import catalog, checks, reminders, sample  # noqa: F401
        from procedures.models import Photo, Practitioner, Procedure, Publication

        writers = (roles.EDITOR, roles.CLINICAL_REVIEWER, roles.MANAGER)
        pages = ("overview", "procedure", "disclaimer", "emergencytext", "practitioner", "source")
        parts = (
            "section",
            "keyfact",
            "benefit",
            "step",
            "recoverynote",
            "expectation",
            "risk",
            "carecard",
            "question",
            "citation",
        )
        roles.grant_models(writers, "procedures", pages, actions="view add change")
        roles.grant_models(writers, "procedures", parts, actions="view add change delete")
        roles.grant_models(writers, "procedures", ("publication",), actions="view")
        roles.grant_models(writers, "procedures", ("mistakereport",), actions="view change")
        roles.grant_models(writers, "procedures", ("plainword",), actions="view add change delete")
        roles.grant(roles.CLINICAL_REVIEWER, "procedures.publish_page")
        roles.grant(roles.MANAGER, "procedures.publish_page")
        sample_content.register(20, sample.load)
        panels.register(20, "admin/procedures/panels/mistakes.html", reminders.mistakes_panel)
        panels.register(30, "admin/procedures/panels/pages.html", reminders.pages_panel)
        readiness.register("overview", catalog.require_overview)
        live.shown(Publication, Practitioner)
        live.shown(Procedure, fields=("position",))
        live.shown(Photo, fields=("digest", "width", "height", "widths"))
        live.changes_with_time(Publication, "live_from")
        frame.part("menu", catalog.menu)
