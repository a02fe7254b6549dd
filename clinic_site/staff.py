"""The staff side: Django's admin under ``/staff/``."""

from typing import Any

from django.apps import apps
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from clinic_site.panels import panels


class StaffSite(admin.AdminSite):
    """The admin with what is used most first: an app says where it stands by its ``staff_order``."""

    site_header = _("Clinic staff")
    site_title = _("Clinic staff")
    index_title = _("What needs doing")
    # The index is the way in; a second list of everything beside every page is noise.
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            if app["app_label"] == "auth":
                app["name"] = _t("Staff accounts and roles")
        return sorted(
            found, key=lambda app: getattr(apps.get_app_config(app["app_label"]), "staff_order", 99)
        )

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"panels": panels(request)} | (extra_context or {}))
