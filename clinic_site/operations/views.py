"""Pages for machines: health checks, robots.txt, security.txt and the favicon."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.clinic.models import ClinicProfile
from clinic_site.operations import readiness


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200, or 503 with the names of the failed readiness checks."""
    failed = readiness.failed_checks()
    return JsonResponse({"ready": not failed, "failed": failed}, status=503 if failed else 200)


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        f"Disallow: {reverse('admin:index')}",
        f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    return redirect(static("img/favicon.ico"))


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Contact for security reports (RFC 9116)."""
    profile = ClinicProfile.current()
    contact = (
        f"mailto:{profile.email}" if profile and profile.email else f"{settings.SITE_URL}{reverse('clinic')}"
    )
    # Must be less than a year away; rounded, so that the file changes once a month.
    first_of_month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = first_of_month + timedelta(days=330)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, ur",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
