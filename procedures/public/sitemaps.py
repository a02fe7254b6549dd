"""The sitemap: public pages that search engines may list, each with the date of its last change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.contrib.sitemaps import Sitemap
from django.db.models import Max
from django.template.loader import get_template
from django.urls import reverse

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Practitioner, Publication
from procedures.public.selectors import language
from procedures.publishing.documents import PageDocument

# The template of each page with a fixed address, and the models that staff edit for it in the admin.
FIXED_PAGES = {
    "procedures:list": ("procedures/public/procedure_list.html", set[str]()),
    "procedures:surgeons": ("procedures/public/surgeons.html", {"practitioner"}),
    "clinic": ("clinic/clinic.html", {"clinicprofile", "openinghours", "closure"}),
    "consultations:request": ("consultations/intake/request.html", set[str]()),
    "consultations:privacy": ("consultations/data_rights/privacy_notice.html", {"privacynotice"}),
    "accessibility": ("clinic/accessibility.html", set[str]()),
    "about_our_information": ("clinic/about_our_information.html", {"informationpractice"}),
}


class PublicPages(Sitemap[tuple[str, datetime]]):
    """Paths with the date of their last change. Samples are left out: they are ``noindex``, too."""

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        """Return the site's own host, whichever was requested."""
        return urlsplit(settings.SITE_URL).netloc

    def items(self) -> list[tuple[str, datetime]]:
        return self._pages

    def location(self, item: tuple[str, datetime]) -> str:
        return item[0]

    def lastmod(self, item: tuple[str, datetime]) -> datetime:
        return item[1]

    @cached_property
    def _pages(self) -> list[tuple[str, datetime]]:
        clinic = ClinicProfile.current()
        if clinic and clinic.is_sample:
            return []
        return [*_publications(), *_fixed_pages()]


def _publications() -> Iterator[tuple[str, datetime]]:
    live = Publication.objects.live().filter(language=language()).select_related("page")
    for publication in live.order_by("page__position", "page"):
        document = PageDocument.from_json(publication.document)
        if document.is_sample:
            continue
        yield document.get_absolute_url(), publication.live_from
        if document.kind == "overview" and (answers := document.answers_alone()):
            yield answers.get_absolute_url(), publication.live_from


def _fixed_pages() -> Iterator[tuple[str, datetime]]:
    edits = LogEntry.objects.order_by().values_list("content_type__model").annotate(Max("action_time"))
    last_edits = dict(edits)
    procedures = Publication.objects.in_force().filter(language=language(), page__kind="procedure")
    published = {
        "procedures:list": procedures.aggregate(Max("live_from"), Max("withdrawn_at")).values(),
    }
    for name, (template, models) in FIXED_PAGES.items():
        changes = [_released(template), *published.get(name, ()), *map(last_edits.get, models)]
        yield reverse(name), max(filter(None, changes))
    profile_changes = (_released("procedures/public/surgeon.html"), last_edits.get("practitioner"))
    for surgeon in Practitioner.objects.active().filter(is_sample=False):
        yield surgeon.get_absolute_url(), max(filter(None, profile_changes))


def _released(template: str) -> datetime:
    """When the server received the present version of a template."""
    path = Path(get_template(template).template.origin.name)  # type: ignore[attr-defined]
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)


SITEMAPS = {"pages": PublicPages}
