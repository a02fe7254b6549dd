"""Who may open a page of the desk, and how such a page is shown."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache

from clinic_site.accounts.models import User

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

VIEW = "consultations.view_consultationrequest"
WORK = "consultations.change_status"


def page(*permissions: str) -> Callable[[View[P]], View[P]]:
    """For a view of the desk: 403 for staff without all of the permissions; never kept in a cache.

    Somebody who is not signed in is sent to sign in, by the staff site that mounts it.
    """

    def protect(view: View[P]) -> View[P]:
        @never_cache
        @wraps(view)
        def protected(request: HttpRequest, *args: P.args, **options: P.kwargs) -> HttpResponseBase:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **options)

        return protected

    return protect


def address(route: str, view: Callable[..., HttpResponseBase], name: str) -> URLPattern:
    """An address of the staff site: ``admin:<name>``. Django's own check of who is signed in stands first."""
    return path(route, admin.site.admin_view(view), name=name)


def member(request: HttpRequest) -> User:
    """Who is signed in. The staff site lets nobody else in."""
    assert isinstance(request.user, User)
    return request.user


def show(
    request: HttpRequest, template: str, context: dict[str, Any], *, title: str, status: int = 200
) -> TemplateResponse:
    """A page in the look of the staff site."""
    return TemplateResponse(
        request, template, {**admin.site.each_context(request), "title": title, **context}, status=status
    )
