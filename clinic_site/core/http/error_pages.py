"""Error pages. Those of the staff side look like the staff side, without the words for patients."""

from typing import Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.template import loader
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext_lazy as _
from django.views import defaults

STAFF_TITLES: dict[int | str, Any] = {
    400: _("We couldn’t read this"),
    403: _("You can’t open this page"),
    "csrf": _("Please send the form again"),
    404: _("Page not found"),
    405: _("This page can’t be opened directly"),
    500: _("Something went wrong on our side"),
    503: _("Our website isn’t available right now"),
}


def is_staff_side(request: HttpRequest) -> bool:
    return request.path_info.startswith("/staff/")


def staff_page(request: HttpRequest, reason: int | str) -> HttpResponse:
    """Return the staff page of a status or of "csrf". Those of 400 and 500 need nothing that may fail."""
    status = 403 if reason == "csrf" else int(reason)
    context: dict[str, Any] = {"reason": reason, "title": STAFF_TITLES[reason]}
    is_safe = status not in (400, 500) and hasattr(request, "user")
    if is_safe:
        context |= admin.site.each_context(request) | {"came_from": staff_page_before(request)}
    page = loader.render_to_string("admin/error.html", context, request if is_safe else None)
    return HttpResponse(page, status=status)


def staff_page_before(request: HttpRequest) -> str:
    """Return the address of the staff page that led here; "" if there is none."""
    referer = request.headers.get("referer", "")
    if not url_has_allowed_host_and_scheme(referer, {request.get_host()}):
        return ""
    page = urlsplit(referer)
    return page._replace(scheme="", netloc="").geturl() if page.path.startswith("/staff/") else ""


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return staff_page(request, 400) if is_staff_side(request) else defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_staff_side(request):
        return staff_page(request, 403)
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return staff_page(request, 404) if is_staff_side(request) else defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponse:
    return staff_page(request, 500) if is_staff_side(request) else defaults.server_error(request)
