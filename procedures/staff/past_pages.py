"""The published pages as patients saw them on a past day, for any member of staff."""

from datetime import date, datetime, time

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from clinic_site.core.http import languages
from procedures.models import Publication
from procedures.public.views import render_unpublished
from procedures.publishing.documents import PageDocument


@never_cache
@require_safe
def past_page(request: HttpRequest, slug: str = "", kind: str = "overview") -> HttpResponse:
    """Show what a page said at the end of the day ``?on=2026-05-03``.

    It is the procedure at this address, or without a slug the page of this kind.
    """
    try:
        day = date.fromisoformat(request.GET.get("on", ""))
    except ValueError:
        raise Http404("Write the day like 2026-05-03.") from None
    if day > timezone.localdate():
        raise Http404("This day is in the future.")
    begin, end = (timezone.make_aware(datetime.combine(day, at)) for at in (time.min, time.max))
    until = min(end, timezone.now())
    language = languages.known(request.GET.get("language", ""))
    versions = _shown_between(begin, until, slug, kind, language)
    if not versions:
        raise Http404("This page was not on the site on that day.")
    last = versions[0]
    document = PageDocument.from_json(last.document)
    notice = _("This page as patients saw it on %(day)s.") % {"day": date_format(day, "j F Y")}
    if last.withdrawn_at and last.withdrawn_at <= until:
        notice += " " + _("It was withdrawn on that day.")
    if len(versions) > 1:
        text = _("Patients saw %(count)d versions on that day. This is the last one.")
        notice += " " + text % {"count": len(versions)}
        if request.user.has_perm(f"procedures.view_{document.kind}"):
            view = f"admin:procedures_{document.kind}_history_of"
            history = reverse(view, args=[last.page_id], query=languages.query(language))
            notice = format_html('{} <a href="{}">{}</a>', notice, history, _("All versions"))
    return render_unpublished(request, document, notice, until)


def _shown_between(
    begin: datetime, until: datetime, slug: str, kind: str, language: str
) -> list[Publication]:
    """Return the versions that patients saw of the page under this address or of this kind, newest first.

    A version is shown from its time until it is withdrawn or a newer version takes effect.
    """
    versions = Publication.objects.took_effect(until).filter(language=language).order_by("-number")
    if slug:
        under_slug = Publication.objects.shown().filter(slug=slug, language=language)
        versions = versions.filter(page__in=under_slug.values("page"))
    else:
        versions = versions.filter(page__kind=kind)
    shown: list[Publication] = []
    newer_from = None
    for version in versions:
        gone_at = min(filter(None, (version.withdrawn_at, newer_from)), default=None)
        if gone_at is None or gone_at > max(begin, version.live_from):
            shown.append(version)
        newer_from = min(filter(None, (newer_from, version.live_from)))
    return shown
