"""The pages that patients read. They render publications, never the working copy; but for previews."""

from datetime import date
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponsePermanentRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.formats import date_format
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.models import ClinicProfile
from procedures import catalog, services, structured_data, working_copy
from procedures.documents import PageDocument
from procedures.models import Practitioner, PreviewLink

# As many cards as a page shows before it sends the reader to the next.
CARDS_ON_OVERVIEW = 12
CARDS_ON_A_PAGE = 24


def language() -> str:
    return get_language() or "en"


@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    if "on" in request.GET:
        return archive(request)
    page = catalog.live_overview(language())
    if page is None:
        raise Http404("The overview is not published.")
    return render_document(request, page)


@require_safe
def procedure(request: HttpRequest, slug: str) -> HttpResponse:
    if "on" in request.GET:
        return archive(request, slug)
    page = catalog.live_procedure(slug, language())
    if page is not None:
        return render_document(request, page)
    former = catalog.former_procedure(slug, language())
    if former is None:
        raise Http404("No procedure was ever published under this address.")
    if former.now_at:
        return HttpResponsePermanentRedirect(former.now_at)
    return render(request, "410.html", {"title": former.title}, status=410)


def render_document(request: HttpRequest, page: PageDocument, **context: Any) -> HttpResponse:
    """A document as its reader sees it: the published page, a preview or an old version."""
    menu = catalog.published_procedures(language())
    clinic = ClinicProfile.current()
    context = {
        "page": page,
        "menu": menu,
        "cards": menu[:CARDS_ON_OVERVIEW],
        "more_cards": len(menu) > CARDS_ON_OVERVIEW,
        "clinic": clinic,
        "structured_data": structured_data.page(page, clinic),
    } | context
    return render(request, f"procedures/{page.kind}.html", context)


def render_unpublished(request: HttpRequest, page: PageDocument, notice: str) -> HttpResponse:
    """A document that is not what patients are shown now, with a line that says so."""
    response = render_document(request, page, unpublished_notice=notice, structured_data=None)
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


@never_cache
def archive(request: HttpRequest, slug: str = "") -> HttpResponse:
    """For staff: what the page said at the end of the day ``?on=2026-05-03``."""
    if not request.user.is_staff:
        return redirect_to_login(request.get_full_path())
    try:
        day = date.fromisoformat(request.GET["on"])
    except ValueError:
        raise Http404("The day must be written like 2026-05-03.") from None
    page = catalog.version_on(day, slug, language())
    if page is None:
        raise Http404("This page was not on the site on that day.")
    notice = _("This page as patients saw it on %(day)s.") % {"day": date_format(day, "j F Y")}
    return render_unpublished(request, page, notice)


@never_cache
@require_safe
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """The working copy of one page, for somebody with a link and no account."""
    link = get_object_or_404(PreviewLink.objects.valid(), token_hash=services.preview_hash(token))
    page = working_copy.read(link.page, link.language)
    return render_unpublished(request, page, _("Draft. Patients do not see this page."))


@require_safe
def procedure_list(request: HttpRequest) -> HttpResponse:
    menu = catalog.published_procedures(language())
    page_obj = Paginator(menu, CARDS_ON_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "menu": menu,
        "cards": page_obj.object_list,
        "page_obj": page_obj,
        "structured_data": structured_data.procedure_list(),
    }
    return render(request, "procedures/procedure_list.html", context)


@require_safe
def surgeons(request: HttpRequest) -> HttpResponse:
    practitioners = tuple(Practitioner.objects.filter(is_active=True).select_related("photo"))
    context = {
        "practitioners": practitioners,
        "structured_data": structured_data.practitioners(practitioners),
    }
    return render(request, "procedures/surgeons.html", context)
