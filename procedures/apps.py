from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProceduresConfig(AppConfig):
    name = "procedures"
    verbose_name = _("What patients read")

    def ready(self) -> None:
        from clinic_site.core.http import content_version, site_context_query
        from procedures.models import Photo, Practitioner, Procedure, Publication
        from procedures.public import selectors

        content_version.shown(Publication, Practitioner)
        content_version.shown(Procedure, fields=("position",))
        content_version.shown(Photo, fields=("digest", "width", "height", "widths"))
        content_version.changes_with_time(Publication, "live_from")
        site_context_query.part("menu", selectors.menu)
