"""The staff side: Django's admin under ``/staff/``."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sessions
from clinic_site.accounts.models import AccountEvent, User


class StaffSite(admin.AdminSite):
    """The admin, whose index says what to do today. The navigation leads to everything (``settings``)."""

    site_header = _("Clinic staff")
    site_title = _("Clinic staff")
    index_title = _("Today")
    enable_nav_sidebar = False

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Leave out the list of all apps."""
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

        A function takes the HTTP request; None leaves the panel out. A script that refreshes the page gets
        the panels alone.
        """
        panels = [
            {"template": template, "context": context}
            for template, path in settings.DASHBOARD_PANELS
            if (context := import_string(path)(request)) is not None
        ]
        template = "admin/panels.html" if sessions.is_background(request) else "admin/index.html"
        context = {"title": self.index_title, "panels": panels, "today": timezone.localdate()}
        return TemplateResponse(request, template, self.each_context(request) | context)
