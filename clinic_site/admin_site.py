"""The staff side: Django's admin under ``/staff/``."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events
from clinic_site.accounts.models import AccountEvent, User

# The order of the apps on the first staff page; others follow.
APP_ORDER = ["consultations", "procedures", "clinic", "mail", "accounts"]


class StaffSite(admin.AdminSite):
    """The admin, with the most used apps first."""

    site_header = _("Clinic staff")
    site_title = _("Clinic staff")
    index_title = _("What needs doing")
    # The index lists everything already.
    enable_nav_sidebar = False

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[Any]:
        found = super().get_app_list(request, app_label)
        for app in found:
            if app["app_label"] == "auth":
                app["name"] = _("Roles")
        return sorted(found, key=lambda app: [*APP_ORDER, app["app_label"]].index(app["app_label"]))

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out the list of all apps, which only the index shows."""
        return {
            "site_title": self.site_title,
            "site_header": self.site_header,
            "site_url": self.site_url,
            "has_permission": self.has_permission(request),
            "available_apps": [],
            "is_popup": False,
            "is_nav_sidebar_enabled": self.enable_nav_sidebar,
            "log_entries": self.get_log_entries(request),
        }

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        response = super().password_change(request, extra_context)
        if request.method == "POST" and response.status_code == 302 and isinstance(request.user, User):
            events.record(AccountEvent.Kind.PASSWORD_CHOSEN, actor=request.user, subject=request.user)
        return response

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show the panels of ``settings.DASHBOARD_PANELS``, each with what its function returns as ``panel``.

        A function takes the HTTP request; None leaves the panel out.
        """
        panels = [
            {"template": template, "context": context}
            for template, path in settings.DASHBOARD_PANELS
            if (context := import_string(path)(request)) is not None
        ]
        return super().index(request, {"panels": panels} | (extra_context or {}))
