"""The published pages as patients saw them on a past day, for any member of staff."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from procedures.models import Publication
from procedures.public.views import language, render_unpublished
from procedures.publishing.documents import PageDocument


@dataclass(frozen=True)
class PastPage:
    """The last version that patients saw on one day, and how many versions they saw on it."""

    page_id: int
    document: PageDocument
    versions: int
    was_withdrawn: bool


@never_cache
@require_safe
def past_page(request: HttpRequest, slug: str = "") -> HttpResponse:
    """Show what the page said at the end of the day ``?on=2026-05-03``; without a slug, the overview."""
    try:
        day = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        raise Http404("Write the day like 2026-05-03.") from None
    if day > timezone.localdate():
        raise Http404("This day is in the future.")
    shown = find_past_page(day, slug, language())
    if shown is None:
        raise Http404("This page was not on the site on that day.")
    notice = _("This page as patients saw it on %(day)s.") % {"day": date_format(day, "j F Y")}
    if shown.was_withdrawn:
        notice += " " + _("It was withdrawn on that day.")
    if shown.versions > 1:
        notice += " " + _("Patients saw %(count)d versions on that day. This is the last one.") % {
            "count": shown.versions
        }
        if request.user.has_perm(f"procedures.view_{shown.document.kind}"):
            versions = reverse(f"admin:procedures_{shown.document.kind}_history_of", args=[shown.page_id])
            notice = format_html('{} <a href="{}">{}</a>', notice, versions, _("All versions"))
    return render_unpublished(request, shown.document, notice)


def find_past_page(day: date, slug: str, language: str) -> PastPage | None:
    """Return what the page under this address said on a day, up to now if it is today. Two queries.

    A version is shown from its time until it is withdrawn or a newer version takes effect.
    """
    begin, end = (timezone.make_aware(datetime.combine(day, at)) for at in (time.min, time.max))
    until = min(end, timezone.now())
    if slug:
        under_slug = Publication.objects.shown().filter(slug=slug, language=language)
        of_page = Publication.objects.filter(page__in=under_slug.values("page"))
    else:
        of_page = Publication.objects.filter(page__kind="overview")
    versions = of_page.took_effect(until).filter(language=language).order_by("-number")
    shown: list[tuple[int, bool]] = []
    newer_from = None
    for pk, live_from, withdrawn_at in versions.values_list("pk", "live_from", "withdrawn_at"):
        gone_at = min(filter(None, (withdrawn_at, newer_from)), default=None)
        if gone_at is None or gone_at > max(begin, live_from):
            shown.append((pk, bool(withdrawn_at and withdrawn_at == gone_at and withdrawn_at <= until)))
        newer_from = min(filter(None, (newer_from, live_from)))
    if not shown:
        return None
    pk, was_withdrawn = shown[0]
    last = Publication.objects.get(pk=pk)
    return PastPage(last.page_id, PageDocument.from_json(last.document), len(shown), was_withdrawn)
