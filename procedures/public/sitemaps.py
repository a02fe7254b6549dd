"""The sitemap: public pages that search engines may list, each with the date of its last change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sitemaps import Sitemap
from django.db.models import Max
from django.template import Engine
from django.urls import reverse

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.languages import active_language, path_in
from procedures.models import Practitioner, Publication
from procedures.publishing.documents import PageDocument

# The template of each page with a fixed address, and the models that staff edit for it in the admin.
FIXED_PAGES = {
    "procedures:list": ("procedures/public/procedure_list.html", set[str]()),
    "procedures:surgeons": ("procedures/public/surgeons.html", {"practitioner"}),
    "clinic": ("clinic/clinic.html", {"clinicprofile", "openinghours", "closure"}),
    "consultations:request": ("consultations/intake/request.html", set[str]()),
    "consultations:privacy": ("consultations/intake/privacy_notice.html", {"privacynotice"}),
    "accessibility": ("clinic/accessibility.html", set[str]()),
    "about_our_information": ("clinic/about_our_information.html", {"informationpractice"}),
}


# Live pages, each with the time at which it went live.
Documents = list[tuple[PageDocument, datetime]]


class Listed(NamedTuple):
    """A page: its path in English, the date of its last change, and the languages it exists in."""

    path: str
    changed_at: datetime
    languages: tuple[str, ...] = tuple(dict(settings.LANGUAGES))


class PublicPages(Sitemap[Listed]):
    """The pages in each language. Samples are left out; they are also ``noindex``."""

    # Each address names its translations.
    i18n = alternates = x_default = True

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """Return the site's own host, not the one in the request."""
        return urlsplit(settings.SITE_URL).netloc

    def items(self) -> list[Listed]:
        return self._pages

    def location(self, item: Listed) -> str:
        return path_in(active_language(), item.path)

    def lastmod(self, item: Listed) -> datetime:
        return item.changed_at

    def get_languages_for_item(self, item: Listed) -> list[str]:
        return list(item.languages)

    @cached_property
    def _pages(self) -> list[Listed]:
        clinic = ClinicProfile.current()
        if clinic and clinic.is_sample:
            return []
        live = Publication.objects.live().order_by("page__position", "page", "language")
        documents = [
            (PageDocument.from_json(document), live_from)
            for document, live_from in live.values_list("document", "live_from")
        ]
        english = [pair for pair in documents if pair[0].language == settings.LANGUAGE_CODE]
        return [*_publications(documents), *_fixed_pages(english)]


def _publications(live: Documents) -> Iterator[Listed]:
    """Yield each address with the languages in which a reviewed page is live there."""
    found: dict[str, list[tuple[str, datetime]]] = {}
    for document, live_from in live:
        if document.is_sample:
            continue
        pages = [document, document.answers_alone() if document.kind == "overview" else None]
        for page in filter(None, pages):
            found.setdefault(page.get_absolute_url(), []).append((page.language, live_from))
    for path, versions in found.items():
        yield Listed(path, max(at for _code, at in versions), tuple(code for code, _at in versions))


def _fixed_pages(live: Documents) -> Iterator[Listed]:
    """Yield the pages with a fixed address, and those of surgeons.

    A list without a real procedure or surgeon is left out, and so is the request form while it shows the
    signs of a sample emergency text.
    """
    edits = LogEntry.objects.order_by().values_list("content_type__model").annotate(Max("action_time"))
    last_edits = dict(edits)
    english = Publication.objects.in_force().filter(language=settings.LANGUAGE_CODE)
    procedures = english.filter(page__kind="procedure")
    published = {
        "procedures:list": procedures.aggregate(Max("live_from"), Max("withdrawn_at")).values(),
        "consultations:request": [live_from for page, live_from in live if page.kind == "emergency"],
    }
    surgeons = Practitioner.objects.active().filter(is_sample=False)
    is_shown = {
        "procedures:list": any(page.kind == "procedure" and not page.is_sample for page, _live_from in live),
        "procedures:surgeons": bool(surgeons),
        "consultations:request": not any(
            page.kind == "emergency" and page.is_sample for page, _live_from in live
        ),
    }
    for name, (template, models) in FIXED_PAGES.items():
        if is_shown.get(name, True):
            changes = [_released(template), *published.get(name, ()), *map(last_edits.get, models)]
            yield Listed(reverse(name), max(filter(None, changes)))
    profile_changes = (_released("procedures/public/surgeon.html"), last_edits.get("practitioner"))
    for surgeon in surgeons:
        yield Listed(surgeon.get_absolute_url(), max(filter(None, profile_changes)))


def _released(template: str) -> datetime:
    """When this version of a template was put on the server."""
    path = Path(Engine.get_default().get_template(template).origin.name)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


SITEMAPS = {"pages": PublicPages}
