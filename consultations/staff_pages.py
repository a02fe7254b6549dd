"""Permissions and rendering of staff pages."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from clinic_site.accounts.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

VIEW = "consultations.view_consultationrequest"
WORK = "consultations.change_status"


GET, POST = ("GET", "HEAD"), ("POST",)
GET_AND_POST = (*GET, *POST)


def page(*permissions: str, methods: Sequence[str] = GET) -> Callable[[View[P]], View[P]]:
    """Decorate a staff view: 403 without all of the permissions, 405 for other methods, and never cached."""

    def protect(view: View[P]) -> View[P]:
        allowed = require_http_methods([*methods])(view)
        return never_cache(permission_required(permissions, raise_exception=True)(allowed))

    return protect


def address(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """A URL of the staff site, behind the sign-in check of the admin."""
    return path(route, admin.site.admin_view(view), name=name)


def member(request: HttpRequest) -> User:
    """Return the signed-in user; the staff site admits no one else."""
    assert isinstance(request.user, User)
    return request.user


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> TemplateResponse:
    """Render a page of the staff site. The title of one with an error says so."""
    title = _("Error: %(title)s") % {"title": title} if status >= HTTPStatus.BAD_REQUEST else title
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}, status=status
    )
