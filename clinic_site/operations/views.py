"""Pages for machines (health checks, metrics, robots.txt, security.txt, the favicon), and the status page."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.cache import cache
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.clinic.models import ClinicProfile
from clinic_site.operations import readiness, status

# Staff who answer requests should know when mail is late.
MAY_SEE_STATUS = "mail.view_outgoingmessage"


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200, or 503 with the names of the failed readiness checks."""
    failed = readiness.failed_checks(settings.READINESS_CHECKS)
    return JsonResponse({"ready": not failed, "failed": failed}, status=503 if failed else 200)


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return figures for Prometheus to a program that sends the token; without one set, 404."""
    if not settings.METRICS_TOKEN:
        raise Http404
    sent, wanted = request.headers.get("Authorization", ""), f"Bearer {settings.METRICS_TOKEN}"
    if not constant_time_compare(sent, wanted):
        return HttpResponse("A token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    return HttpResponse(status.metrics(), content_type="text/plain; version=0.0.4; charset=utf-8")


@never_cache
@permission_required(MAY_SEE_STATUS, raise_exception=True)
@require_safe
def status_page(request: HttpRequest) -> TemplateResponse:
    # Opening the page writes nothing.
    checks = {name: check for name, check in settings.READINESS_CHECKS.items() if name != readiness.WRITING}
    context = {
        **admin.site.each_context(request),
        "title": _("Status"),
        "figures": status.figures(),
        "problems": _problems(readiness.failed_checks(checks | settings.STATUS_CHECKS)),
    }
    return TemplateResponse(request, "operations/status.html", context)


def status_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the problems of the last minute for the first staff page, or None without the permission."""
    if not request.user.has_perm(MAY_SEE_STATUS):
        return None
    failed = cache.get_or_set(
        "failed-status-checks", lambda: readiness.failed_checks(settings.STATUS_CHECKS), timeout=60
    )
    return {"problems": _problems(failed or [])}


def _problems(failed: Iterable[str]) -> list[str]:
    """Say what is wrong and what to do, for each failed check."""
    checks = settings.READINESS_CHECKS | settings.STATUS_CHECKS
    return [str(checks[name][1]) for name in failed]


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
    return redirect(static("components/favicon.ico"))


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
