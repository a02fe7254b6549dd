"""The one view of the comparison; the site's other addresses are there to be linked to."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import include, path

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.urls import urlpatterns as site
from procedures.public import structured_data
from procedures.publishing.documents import Card, PageDocument
from procedures.models import Practitioner, Publication


def overview(request: HttpRequest) -> HttpResponse:
    live = Publication.objects.live().filter(language="en")
    page = PageDocument.from_json(live.get(page__kind="overview").document)
    cards = tuple(Card.from_json(text) for text in live.procedures().values_list("card", flat=True)[:13])
    clinic = ClinicProfile.objects.get()
    context = {
        "page": page,
        "menu": cards,
        "cards": cards[:12],
        "more_cards": len(cards) > 12,
        "clinic": clinic,
        "structured_data": structured_data.page(page, clinic),
        # What such a page often has beside its text.
        "practitioners": list(Practitioner.objects.filter(is_active=True)),
        "opening_hours": list(OpeningHours.objects.all()),
        "closures": list(Closure.objects.all()),
    }
    return render(request, "procedures/public/overview.html", context)


urlpatterns = [path("", overview), path("", include(site))]
