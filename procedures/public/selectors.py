"""Selectors of published pages."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import Exists, Min, OuterRef, Q
from django.utils import timezone

from clinic_site.core.http.languages import active_language, with_fallback
from procedures.models import Practitioner, Publication
from procedures.models.practitioners import PractitionerQuerySet
from procedures.models.publications import PublicationQuerySet, is_outdated
from procedures.publishing.documents import Card, PageDocument

# Enough for the menu and the twelve cards of sections/procedures.html, and one to know if there are more.
FIRST = 13
# As many as components/header.html names in the menu.
IN_MENU = 8


def live_procedures(language: str) -> PublicationQuerySet:
    """The published procedures in order."""
    return Publication.objects.live_for(language).procedures()


def cards(publications: PublicationQuerySet) -> tuple[Card, ...]:
    """Return the cards of published pages. One query."""
    return tuple(map(Card.from_json, publications.values_list("card", flat=True)))


def menu() -> tuple[Card, ...]:
    """The cards of the first published procedures: as many as a page shows that does not list them all."""
    return cards(live_procedures(active_language())[:FIRST])


def operations_in_menu() -> list[tuple[str, str]]:
    """Return the name and path of each procedure in the menu."""
    return [(card.menu_label or card.title, card.get_absolute_url()) for card in menu()[:IN_MENU]]


def published_procedures(language: str) -> tuple[Card, ...]:
    """Return the cards of all published procedures in order. One query."""
    return cards(live_procedures(language))


def next_publication_at() -> datetime | None:
    """When the next scheduled publication goes live."""
    moment: datetime | None = Publication.objects.pending().aggregate(at=Min("live_from"))["at"]
    return moment


def live_overview(language: str) -> PageDocument | None:
    """Return the published overview. One query."""
    return live_document(language, page__kind="overview")


class LivePage(NamedTuple):
    """A published page, whether it is live in another language, too, and whether the English has changed
    since this translation was made."""

    document: PageDocument
    is_translated: bool
    is_outdated: bool


def live_page(language: str, **which: Any) -> tuple[LivePage | None, LivePage | None]:
    """Return the published page that has these fields, and the published emergency text. One query."""
    live = Publication.objects.live_for(language).filter(Q(**which) | Q(page__kind="emergency"))
    pages = _live_pages(live)
    emergency = next((page for page in pages if page.document.kind == "emergency"), None)
    return next((page for page in pages if page is not emergency), None), emergency


def emergency_texts(language: str) -> list[LivePage]:
    """Return the published emergency text in each language, that of the reader first. One query."""
    pages = _live_pages(Publication.objects.live().filter(page__kind="emergency"))
    return sorted(pages, key=lambda page: page.document.language != language)


def _live_pages(publications: PublicationQuerySet) -> list[LivePage]:
    live = Publication.objects.live().filter(page=OuterRef("page"))
    is_translated = Exists(live.exclude(language=OuterRef("language")))
    rows = publications.values_list("document", is_translated, is_outdated())
    return [LivePage(PageDocument.from_json(document), *state) for document, *state in rows]


def live_document(language: str, at: datetime | None = None, **which: Any) -> PageDocument | None:
    """Return the page published at a time that these fields of a publication select. One query."""
    live = Publication.objects.live_for(language, at).filter(**which)
    document = live.values_list("document", flat=True).first()
    return PageDocument.from_json(document) if document else None


def surgeons_of(page: PageDocument) -> PractitionerQuerySet:
    """Return the active surgeons who perform a live procedure."""
    live = Publication.objects.live().filter(language=page.language, slug=page.slug)
    return Practitioner.objects.active().filter(procedures__in=live.values("page"))


def former_publication(language: str, **which: Any) -> Publication | None:
    """Return the last version of a page that was moved or withdrawn."""
    former = Publication.objects.took_effect(timezone.now()).filter(
        language__in=with_fallback(language), **which
    )
    return former.order_by("-live_from", "-number").first()


def require_overview() -> None:
    """Raise ``LookupError`` if no overview was ever published. It may be withdrawn."""
    if not Publication.objects.took_effect(timezone.now()).filter(page__kind="overview").exists():
        raise LookupError("The overview was never published.")
