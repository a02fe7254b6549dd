"""URL configuration of the site, with views that fail in several ways."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.urls import path

from clinic_site.urls import *  # noqa: F403 - the error pages, too
from clinic_site.urls import urlpatterns as site_urlpatterns

SECRET = "Ayesha Khan, 0301 2345678"


def failing(request: HttpRequest, token: str = "") -> HttpResponse:
    raise DatabaseError(f"duplicate key: Key (name)=({SECRET}) already exists")


def without_database(request: HttpRequest, token: str = "") -> HttpResponse:
    raise OperationalError(f"connection to {SECRET} failed")


def full_disk(request: HttpRequest) -> HttpResponse:
    raise OSError(28, "No space left on device")


def chained(request: HttpRequest) -> HttpResponse:
    try:
        raise ValueError(SECRET)
    except ValueError as error:
        raise RuntimeError(f"while reading {SECRET}") from error


def forbidden(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied(SECRET)


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation(SECRET)


urlpatterns = [
    path("fails/", failing),
    path("fails/<str:token>/", failing),
    path("no-database/", without_database),
    path("no-database/<str:token>/", without_database),
    path("staff/no-database/", without_database),
    path("full-disk/", full_disk),
    path("chained/", chained),
    path("forbidden/", forbidden),
    path("suspicious/", suspicious),
    path("staff/fails/", failing),
    path("staff/forbidden/", forbidden),
    path("staff/suspicious/", suspicious),
    *site_urlpatterns,
]
