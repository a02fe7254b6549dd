"""The page of private calendar addresses: list, create, revoke."""

from django import forms
from django.conf import settings
from django.contrib import messages
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.core.http.responses import SeeOther
from consultations.appointments import feeds
from consultations.models import CalendarFeed
from consultations.staff_pages import GET_AND_POST, POST, member, page, show
from procedures.models import Practitioner

MANAGE_FEEDS = "consultations.manage_feeds"


class CreateForm(forms.Form):
    practitioner = forms.ModelChoiceField(Practitioner.objects.active())


class RevokeForm(forms.Form):
    feed = forms.ModelChoiceField(CalendarFeed.objects.valid())


@page(MANAGE_FEEDS, methods=GET_AND_POST)
def calendars(request: HttpRequest) -> HttpResponse:
    """The list. A POST creates an address; its response is the only page that shows it."""
    created = {}
    if request.method == "POST":
        form = CreateForm(request.POST)
        if not form.is_valid():
            messages.error(request, _("Choose a practitioner who is in the list."))
            return SeeOther(reverse("desk:calendars"))
        practitioner: Practitioner = form.cleaned_data["practitioner"]
        token = feeds.create(practitioner, actor=member(request))
        address = str(settings.SITE_URL) + reverse("calendar_feed", args=[token])
        created = {"made_for": practitioner, "address": address}
    valid = CalendarFeed.objects.valid().select_related("made_by")
    practitioners = Practitioner.objects.all().prefetch_related(
        Prefetch("feeds", valid, to_attr="valid_feeds")
    )
    return show(
        request,
        "consultations/desk/schedule/calendar_feeds.html",
        {"practitioners": practitioners, **created},
        title=_("Calendar addresses"),
    )


@page(MANAGE_FEEDS, methods=POST)
def revoke(request: HttpRequest) -> HttpResponse:
    form = RevokeForm(request.POST)
    if form.is_valid():
        feed = CalendarFeed.objects.valid().filter(pk=form.cleaned_data["feed"].pk)
        feed.update(revoked_by=member(request), revoked_at=timezone.now())
        messages.success(request, _("The address is revoked and no longer works."))
    else:
        messages.warning(request, _("This address was already revoked."))
    return SeeOther(reverse("desk:calendars"))
