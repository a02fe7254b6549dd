"""The pages of the site itself: the clinic, the promises, and what machines ask for."""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site import frame, information, readiness, structured_data
from clinic_site.clinic import week
from clinic_site.models import ClinicProfile, Closure, OpeningHours
from clinic_site.page_cache import content_page

# As many procedures as components/header.html names in the menu.
IN_MENU = 8


@content_page()
@require_safe
def clinic(request: HttpRequest) -> HttpResponse:
    around = frame.read(
        sessions=frame.rows_of(OpeningHours.objects.all()),
        closures=frame.rows_of(Closure.objects.upcoming()),
    )
    profile, days = around["clinic"], week(around["sessions"])
    closures = sorted(around["closures"], key=lambda closure: closure.starts_on)
    # As the menu of the page names them.
    operations = [
        (card.menu_label or card.title, card.get_absolute_url()) for card in around["menu"][:IN_MENU]
    ]
    context = around | {
        "week": days,
        "closures": closures,
        "structured_data": structured_data.graph(
            structured_data.clinic(profile, days, closures, operations),
            structured_data.breadcrumbs((_("Clinic"), reverse("clinic"))),
        )
        if profile
        else "",
    }
    return render(request, "site/clinic.html", context)


@content_page()
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "site/accessibility.html")


@content_page()
@require_safe
def about_our_information(request: HttpRequest) -> HttpResponse:
    return render(request, "site/about_our_information.html", {"practices": information.practices()})


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The process may be sent patients: 200, or 503 with the names of what is missing."""
    failed = readiness.not_ready()
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
    """For browsers that ask for it where no page has told them to."""
    return redirect(static("img/favicon.ico"))


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a weakness (RFC 9116)."""
    profile = ClinicProfile.current()
    contact = (
        f"mailto:{profile.email}" if profile and profile.email else f"{settings.SITE_URL}{reverse('clinic')}"
    )
    # The standard wants a date less than a year away: rounded to a month, the file is the same for a month.
    first_of_month = timezone.now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    expires = first_of_month + timedelta(days=330)
    lines = [
        f"Contact: {contact}",
        f"Expires: {expires:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en, ur",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")
