"""The pages that patients read: publications, and drafts by preview link."""

import re
from datetime import datetime
from typing import Any

from django.conf import settings
from django.core.paginator import EmptyPage, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile, EmergencyHospital
from clinic_site.core.http.languages import active_language, path_in
from clinic_site.core.http.page_cache import content_page
from procedures.models import Practitioner, PreviewLink, Publication, SectionKind
from procedures.public import selectors, structured_data
from procedures.publishing import drafts, publishing
from procedures.publishing.documents import Card, PageDocument

CARDS_ON_A_PAGE = 24


@content_page()
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    return _published(request, page__kind="overview")


@content_page()
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """The overview's common questions, on a page of their own (ADR 38)."""
    live, _emergency = selectors.live_page(active_language(), page__kind="overview")
    answers = live and live.document.answers_alone()
    if not live or not answers:
        raise Http404("The overview answers no questions.")
    return render_document(request, answers, emergency=None, **_state(live))


@content_page()
@require_safe
def procedure(request: HttpRequest, slug: str) -> HttpResponse:
    return _published(request, page__kind="procedure", slug=slug)


def _published(request: HttpRequest, **which: Any) -> HttpResponse:
    """The published page; if it has moved, a redirect to its present address; if it was withdrawn, 410."""
    live, emergency = selectors.live_page(active_language(), **which)
    if live:
        page = live.document.without_answers() if live.document.kind == "overview" else live.document
        context = _state(live)
        if emergency and page.section(SectionKind.EMERGENCY):
            context["is_outdated"] |= emergency.is_outdated
        return render_document(request, page, emergency and emergency.document, **context)
    former = selectors.former_publication(active_language(), **which)
    if former is None:
        raise Http404("No page was ever published under this address.")
    moved = Publication.objects.live_for(active_language()).filter(page=former.page_id).first()
    if moved:
        return HttpResponsePermanentRedirect(Card.from_json(moved.card).get_absolute_url())
    return render(request, "410.html", {"card": Card.from_json(former.card)}, status=410)


def _state(live: selectors.LivePage) -> dict[str, bool]:
    """The context of a published page about its translation."""
    return {"is_in_one_language": not live.is_translated, "is_outdated": live.is_outdated}


def render_document(
    request: HttpRequest, page: PageDocument, emergency: PageDocument | None, **context: Any
) -> HttpResponse:
    """A document as its reader sees it: the published page, a preview or an old version.

    ``emergency`` is the emergency text, which other pages show but their documents do not contain.
    """
    clinic = ClinicProfile.current()
    own: dict[str, Any] = {
        "page": page,
        "clinic": clinic,
        "emergency": emergency,
        "first_aid": emergency and emergency.first_aid,
        "hospitals": EmergencyHospital.objects.all(),  # queried only under first aid
        "structured_data": structured_data.page(page, clinic),
    }
    if page.kind == "overview":
        own["opening"] = business_hours.opening_sentence(timezone.now())
        own["surgeons"] = Practitioner.objects.active()
    if page.kind == "procedure":
        own["surgeons"] = selectors.surgeons_of(page)
    own |= context
    own["english_path"] = path_in(settings.LANGUAGE_CODE, request.path)
    if page.language != active_language():
        # An English page in the place of a translation: search engines are sent to its own address.
        canonical_url = settings.SITE_URL + path_in(page.language, request.path)
        own |= {"is_fallback": True, "structured_data": None, "canonical_url": canonical_url}
    return render(request, f"procedures/public/{page.kind}.html", own)


def render_unpublished(
    request: HttpRequest, page: PageDocument, notice: str, at: datetime | None = None
) -> HttpResponse:
    """Render a draft or an old version, with a notice that patients do not see it.

    A page other than the emergency text shows the one that was live at this time, by default now.
    """
    is_emergency = page.kind == "emergency"
    emergency = page if is_emergency else selectors.live_document(page.language, at, page__kind="emergency")
    with override(page.language):
        response = render_document(request, page, emergency, unpublished_notice=notice, structured_data=None)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The draft of one page, for readers with a link and no account."""
    link = get_object_or_404(PreviewLink.objects.valid(), token_hash=publishing.preview_hash(token))
    try:
        page = drafts.read_draft(link.page, link.language)
    except drafts.NoTextInLanguageError:
        raise Http404("The page that this is a translation of is not published.") from None
    return render_unpublished(request, page, _("Draft. Patients do not see this page."))


@content_page(parameters=("page",))
@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("page", "1")
    if not re.fullmatch("[1-9][0-9]{0,3}", number):
        raise Http404("No such page.")
    try:
        page = Paginator(selectors.live_procedures(active_language()), CARDS_ON_A_PAGE).page(number)
    except EmptyPage:
        raise Http404("No such page.") from None
    cards = [Card.from_json(publication.card) for publication in page]
    context = {
        "cards": cards,
        "page_obj": page,
        "all_are_samples": all(PageDocument.from_json(each.document).is_sample for each in page),
        "structured_data": structured_data.procedure_list(cards),
    }
    if number != "1":
        context["canonical_url"] = f"{settings.SITE_URL}{request.path}?page={number}"
    return render(request, "procedures/public/procedure_list.html", context)


@content_page()
@require_safe
def emergency(request: HttpRequest) -> HttpResponse:
    """What to do in an emergency. Nothing is asked or stored."""
    context: dict[str, Any] = {"structured_data": structured_data.emergency()}
    texts = selectors.emergency_texts(active_language())
    if not texts:
        return render(request, "procedures/public/emergency.html", context)
    live, *others = texts
    context |= _state(live) | {"others": others}
    return render_document(request, live.document, live.document, **context)


@content_page()
@require_safe
def surgeons(request: HttpRequest) -> HttpResponse:
    practitioners = tuple(Practitioner.objects.active().select_related("photo"))
    context = {
        "practitioners": practitioners,
        "all_are_samples": all(each.is_sample for each in practitioners),
        "structured_data": structured_data.practitioners(practitioners),
    }
    return render(request, "procedures/public/surgeons.html", context)


@content_page()
@require_safe
def surgeon(request: HttpRequest, slug: str) -> HttpResponse:
    people = Practitioner.objects.active().select_related("photo")
    practitioner = get_object_or_404(people, slug=slug)
    context = {
        "practitioner": practitioner,
        "cards": selectors.cards(
            selectors.live_procedures(active_language()).filter(page__surgeons=practitioner)
        ),
        "structured_data": "" if practitioner.is_sample else structured_data.practitioners([practitioner]),
    }
    return render(request, "procedures/public/surgeon.html", context)
