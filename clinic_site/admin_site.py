"""The staff side: Django's admin under ``/staff/``."""

from typing import Any

from django.conf import settings
from django.contrib import admin
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from clinic_site.accounts import events, sessions
from clinic_site.accounts.models import AccountEvent, User

# Messages name patients, and their own list records who saw them. Words to avoid are no pages.
NOT_SEARCHED = ("mail.outgoingmessage", "procedures.plainword")
MAX_SEARCH_LENGTH = 200
MAX_FOUND = 10  # of each kind


def find_records(request: HttpRequest, text: str) -> list[tuple[str, str, str]]:
    """Search every list of the admin with ``search_fields`` that the user may view.

    Returns the kind, name and address of each record found. One query for each kind.
    """
    found: list[tuple[str, str, str]] = []
    text = text.replace("\x00", "").strip()[:MAX_SEARCH_LENGTH]
    for model, model_admin in admin.site._registry.items():
        searched = model_admin.search_fields and model._meta.label_lower not in NOT_SEARCHED
        if not text or not searched or not model_admin.has_view_permission(request):
            continue
        rows, _may_repeat = model_admin.get_search_results(request, model_admin.get_queryset(request), text)
        kind, name = str(model._meta.verbose_name), model._meta.label_lower.replace(".", "_")
        found += [
            (kind, str(row), reverse(f"admin:{name}_change", args=[row.pk]))
            for row in rows.distinct()[:MAX_FOUND]
        ]
    return found


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

    def get_urls(self) -> list[Any]:
        return [path("search/", self.admin_view(self.search), name="search"), *super().get_urls()]

    def search(self, request: HttpRequest) -> TemplateResponse:
        """Show the records that ``?text=`` finds: for staff who do not handle requests, pages and people."""
        context = {"title": _("Search results"), "found": find_records(request, request.GET.get("text", ""))}
        return TemplateResponse(request, "admin/search.html", self.each_context(request) | context)

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
