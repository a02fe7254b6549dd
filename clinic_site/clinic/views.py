"""The clinic's page, the accessibility statement, and how the information is made."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic_site.clinic import information_standard, structured_data
from clinic_site.clinic.models import Closure, OpeningHours
from clinic_site.clinic.opening_week import week
from clinic_site.core.http import site_context_query
from clinic_site.core.http.page_cache import content_page

# As many procedures as components/header.html names in the menu.
IN_MENU = 8


@content_page()
@require_safe
def clinic(request: HttpRequest) -> HttpResponse:
    around = site_context_query.read(
        sessions=site_context_query.rows_of(OpeningHours.objects.all()),
        closures=site_context_query.rows_of(Closure.objects.upcoming()),
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
    return render(request, "clinic/clinic.html", context)


@content_page()
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "clinic/accessibility.html")


@content_page()
@require_safe
def about_our_information(request: HttpRequest) -> HttpResponse:
    return render(
        request, "clinic/about_our_information.html", {"practices": information_standard.practices()}
    )
