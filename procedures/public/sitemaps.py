"""Sitemaps: live pages and fixed addresses."""

from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.urls import reverse

from procedures.models import Publication
from procedures.public.selectors import language, live_overview


class SiteSitemap(Sitemap[Any]):
    """A sitemap with the site's own address, whatever host was requested."""

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc


class PublicationSitemap(SiteSitemap):
    def items(self) -> Any:
        live = Publication.objects.live().filter(language=language()).select_related("page")
        return live.order_by("page__position", "page").only("slug", "published_at", "page__kind")

    def location(self, item: Publication) -> str:
        return item.get_absolute_url()

    def lastmod(self, item: Publication) -> datetime:
        return item.published_at


class FixedSitemap(SiteSitemap):
    def items(self) -> list[str]:
        overview = live_overview(language())
        return [
            *(["procedures:questions"] if overview and overview.answers_alone() else []),
            "procedures:list",
            "procedures:surgeons",
            "clinic",
            "consultations:start",
            "consultations:privacy",
            "accessibility",
            "about_our_information",
        ]

    def location(self, item: str) -> str:
        return reverse(item)


SITEMAPS = {"pages": PublicationSitemap, "site": FixedSitemap}
