"""The pages that patients read. They render publications, never the working copy; but for previews."""

from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.core.http import site_context_query
from clinic_site.core.http.page_cache import content_page
from procedures.models import Practitioner, PreviewLink
from procedures.public import selectors, structured_data
from procedures.publishing import drafts
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument

# As many cards as a page shows before it sends the reader to the next.
CARDS_ON_OVERVIEW = 12
CARDS_ON_A_PAGE = 24


def language() -> str:
    return get_language() or "en"


@content_page(unless="on")
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    if "on" in request.GET:
        return archive(request)
    page = selectors.live_overview(language())
    if page is None:
        former = selectors.former_overview(language())
        if former is None:
            raise Http404("The overview was never published.")
        return render(request, "410.html", {"title": former}, status=410)
    return render_document(request, page)


@content_page(unless="on")
@require_safe
def procedure(request: HttpRequest, slug: str) -> HttpResponse:
    if "on" in request.GET:
        return archive(request, slug)
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
    around = site_context_query.read()
    own = {
        "page": page,
        "cards": around["menu"][:CARDS_ON_OVERVIEW],
        "more_cards": len(around["menu"]) > CARDS_ON_OVERVIEW,
        "structured_data": structured_data.page(page, around["clinic"]),
    }
    return render(request, f"procedures/public/{page.kind}.html", around | own | context)


def render_unpublished(request: HttpRequest, page: PageDocument, notice: str) -> HttpResponse:
    """A document that is not what patients are shown now, with a line that says so."""
    response = render_document(request, page, unpublished_notice=notice, structured_data=None)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
def archive(request: HttpRequest, slug: str = "") -> HttpResponse:
    """For staff: what the page said last on the day ``?on=2026-05-03``."""
    if not request.user.is_staff:
        return redirect_to_login(request.get_full_path())
    try:
        day = date.fromisoformat(request.GET["on"])
    except ValueError:
        raise Http404("The day must be written like 2026-05-03.") from None
    if day > timezone.localdate():
        raise Http404("That day has not come.")
    shown = selectors.version_on(day, slug, language())
    if shown is None:
        raise Http404("This page was not on the site on that day.")
    notice = _("This page as patients saw it on %(day)s.") % {"day": date_format(day, "j F Y")}
    if shown.was_withdrawn:
        notice += " " + _("It was withdrawn on that day.")
    if shown.versions > 1:
        notice += " " + _("On that day patients saw %(count)d versions of it, and this one last.") % {
            "count": shown.versions
        }
        if request.user.has_perm(f"procedures.view_{shown.document.kind}"):
            versions = reverse(f"admin:procedures_{shown.document.kind}_history_of", args=[shown.page])
            notice = format_html('{} <a href="{}">{}</a>', notice, versions, _("All versions"))
    return render_unpublished(request, shown.document, notice)


@never_cache
@require_safe
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The working copy of one page, for somebody with a link and no account."""
    link = get_object_or_404(PreviewLink.objects.valid(), token_hash=publishing.preview_hash(token))
    page = drafts.read_draft(link.page, link.language)
    return render_unpublished(request, page, _("Draft. Patients do not see this page."))


@content_page(numbered=True)
@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    number = request.GET.get("page", "1")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:5]) < 10_000):
        raise Http404("No such page.")
    cards, total = selectors.page_of_procedures(language(), int(number), CARDS_ON_A_PAGE)
    if not cards and number != "1":
        raise Http404("No such page.")
    # Both were read in one query: the paginator need not count.
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
