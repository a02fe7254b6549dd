"""The clinic's page, the accessibility statement, and how the information is made."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic_site.clinic import structured_data
from clinic_site.clinic.models import ClinicProfile, Closure, InformationPractice, OpeningHours
from clinic_site.clinic.opening_week import week
from clinic_site.core.http.page_cache import content_page


@content_page()
@require_safe
def clinic(request: HttpRequest) -> HttpResponse:
    profile, days = ClinicProfile.current(), week(OpeningHours.objects.all())
    closures = list(Closure.objects.upcoming())
    operations = import_string(settings.CLINIC_OPERATIONS)()
    context = {
        "clinic": profile,
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
    """How the pages are made, by the criteria of the PIF TICK. The clinic's own text replaces a gap."""
    own = {practice.criterion: practice.text for practice in InformationPractice.objects.all()}
    return render(request, "clinic/about_our_information.html", {"own": own})
