"""Readers report a mistake on a page, without an account."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.core.http.responses import SeeOther, private_no_cache
from clinic_site.core.rate_limits import Limit, network_address
from procedures.public.feedback_form import FeedbackForm
from procedures.publishing.documents import Card

# Many patients share one address of a mobile network: enough for all of them, too few for a flood.
LIMIT = Limit("feedback", attempts=10, period=timedelta(hours=1))


@require_http_methods(["GET", "HEAD", "POST"])
def feedback(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        return _posted(request)
    about = {name: request.GET.get(name, "") for name in ("page", "version")}
    return private_no_cache(_show(request, FeedbackForm(initial=about)))


@never_cache
def _posted(request: HttpRequest) -> HttpResponse:
    form = FeedbackForm(request.POST)
    if not form.is_valid():
        return _show(request, form)
    if not LIMIT.allow(network_address(request)):
        return _show(request, form, is_limited=True)
    form.store()
    page = form.cleaned_data["page"]
    query = f"?{urlencode({'page': page})}" if page else ""
    return SeeOther(reverse("procedures:feedback_sent") + query)


def _show(request: HttpRequest, form: FeedbackForm, *, is_limited: bool = False) -> HttpResponse:
    context = {"form": form, "is_limited": is_limited, **_about(form)}
    status = 429 if is_limited else 200
    return render(request, "procedures/public/feedback.html", context, status=status)


@require_safe
def sent(request: HttpRequest) -> HttpResponse:
    """Thank the reader and lead back to the page."""
    form = FeedbackForm(initial={"page": request.GET.get("page", "")})
    return render(request, "procedures/public/feedback_sent.html", _about(form))


def _about(form: FeedbackForm) -> dict[str, Any]:
    """The title and address of the page a report is about; empty when it is about the site."""
    publication = form.publication
    if publication is None:
        return {}
    title = Card.from_json(publication.card).title
    return {"about_title": title, "about_url": publication.get_absolute_url()}
