"""The pages that patients read: publications, and drafts by preview link."""

from typing import Any

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.page_cache import content_page
from procedures.models import Practitioner, PreviewLink
from procedures.public import selectors, structured_data
from procedures.publishing import drafts, publishing
from procedures.publishing.documents import PageDocument

# Number of procedures' cards.
CARDS_ON_OVERVIEW = 12
CARDS_ON_A_PAGE = 24


def language() -> str:
    return get_language() or "en"


@content_page()
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    page = selectors.live_overview(language())
    if page is None:
        former = selectors.former_overview(language())
        if former is None:
            raise Http404("The overview was never published.")
        return render(request, "410.html", {"title": former}, status=410)
    return render_document(request, page)


@content_page()
@require_safe
def procedure(request: HttpRequest, slug: str) -> HttpResponse:
    page = selectors.live_procedure(slug, language())
    if page is not None:
        return render_document(request, page)
    former = selectors.former_procedure(slug, language())
    if former is None:
        raise Http404("No procedure was ever published under this address.")
    if former.now_at:
        return HttpResponsePermanentRedirect(former.now_at)
    return render(request, "410.html", {"title": former.title}, status=410)


def render_document(request: HttpRequest, page: PageDocument, **context: Any) -> HttpResponse:
    """A document as its reader sees it: the published page, a preview or an old version."""
    clinic, menu = ClinicProfile.current(), selectors.menu(language())
    own = {
        "page": page,
        "clinic": clinic,
        "menu": menu,
        "cards": menu[:CARDS_ON_OVERVIEW],
        "more_cards": len(menu) > CARDS_ON_OVERVIEW,
        "structured_data": structured_data.page(page, clinic),
    }
    return render(request, f"procedures/public/{page.kind}.html", own | context)


def render_unpublished(request: HttpRequest, page: PageDocument, notice: str) -> HttpResponse:
    """Render a draft or an old version, with a notice that patients do not see it."""
    response = render_document(request, page, unpublished_notice=notice, structured_data=None)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
@require_safe
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The draft of one page, for readers with a link and no account."""
    link = get_object_or_404(PreviewLink.objects.valid(), token_hash=publishing.preview_hash(token))
    page = drafts.read_draft(link.page, link.language)
    return render_unpublished(request, page, _("Draft. Patients do not see this page."))


@content_page(parameters=("page",))
@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("page", "1")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:5]) < 10_000):
        raise Http404("No such page.")
    cards, total = selectors.page_of_procedures(language(), int(number), CARDS_ON_A_PAGE)
    if not cards and number != "1":
        raise Http404("No such page.")
    # The query above has counted already.
    paginator = Paginator(cards, CARDS_ON_A_PAGE)
    paginator.count = total
    context = {
        "cards": cards,
        "page_obj": Page(cards, int(number), paginator),
        "structured_data": structured_data.procedure_list(),
    }
    if number != "1":
        context["canonical_url"] = f"{settings.SITE_URL}{request.path}?page={int(number)}"
    return render(request, "procedures/public/procedure_list.html", context)


@content_page()
@require_safe
def surgeons(request: HttpRequest) -> HttpResponse:
    practitioners = tuple(Practitioner.objects.filter(is_active=True).select_related("photo"))
    context = {
        "practitioners": practitioners,
        "structured_data": structured_data.practitioners(practitioners),
    }
    return render(request, "procedures/public/surgeons.html", context)
