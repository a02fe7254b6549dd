"""Selectors of published pages."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery, Window
from django.utils import timezone
from django.utils.translation import get_language

from procedures.models import Procedure, Publication
from procedures.publishing.documents import Card, PageDocument

# Enough for the menu and the overview's twelve cards, and one more to know whether there are others.
FIRST = 13
# As many as components/header.html names in the menu.
IN_MENU = 8


def menu(language: str) -> tuple[Card, ...]:
    """The cards of the first published procedures: as many as a page shows that does not list them all."""
    first = _live_procedures(language, timezone.now())[:FIRST]
    cards = Publication.objects.filter(pk__in=first).procedures().values_list("card", flat=True)
    return tuple(map(Card.from_json, cards))


def operations_in_menu() -> list[tuple[str, str]]:
    """Return the name and path of each procedure in the menu."""
    cards = menu(get_language() or "en")[:IN_MENU]
    return [(card.menu_label or card.title, card.get_absolute_url()) for card in cards]


def next_publication_at() -> datetime | None:
    """When the next scheduled publication goes live."""
    moment: datetime | None = Publication.objects.pending().aggregate(at=Min("live_from"))["at"]
    return moment


def page_of_procedures(language: str, number: int, size: int) -> tuple[tuple[Card, ...], int]:
    """Return a page of published procedures, counted from 1, and the total number. One query."""
    live = Publication.objects.filter(pk__in=_live_procedures(language, timezone.now())).procedures()
    rows = live.annotate(total=Window(Count("pk"))).values_list("card", "total")
    found = list(rows[(number - 1) * size : number * size])
    return tuple(Card.from_json(card) for card, _total in found), found[0][1] if found else 0


def _live_procedures(language: str, at: datetime) -> QuerySet[Procedure, int]:
    """The keys of live publications in the order of their procedures.

    The query starts from the procedures, so that an index finds the first ones without reading the rest.
    """
    live = Publication.objects.live(at).filter(page=OuterRef("pk"), language=language).values("pk")[:1]
    return (
        Procedure.objects.annotate(live=Subquery(live))
        .filter(live__isnull=False)
        .order_by("position", "pk")
        .values_list("live", flat=True)
    )


def published_procedures(language: str) -> tuple[Card, ...]:
    """Return the cards of all published procedures in order. One query."""
    cards = Publication.objects.live().procedures().filter(language=language).values_list("card", flat=True)
    return tuple(Card.from_json(card) for card in cards)


def live_overview(language: str) -> PageDocument | None:
    """Return the published overview. One query."""
    return _live_document(language, page__kind="overview")


def live_emergency_text(language: str) -> PageDocument | None:
    """Return the page whose emergency text the whole site shows: the published overview.

    While the overview is withdrawn, the latest published page with an emergency text. One or two queries.
    """
    if (overview := live_overview(language)) and overview.emergency:
        return overview
    live = Publication.objects.live().filter(language=language).order_by("-published_at", "-pk")
    documents = map(PageDocument.from_json, live.values_list("document", flat=True)[:FIRST])
    return next((document for document in documents if document.emergency), None)


def live_procedure(slug: str, language: str) -> PageDocument | None:
    """Return the procedure published under this slug. One query."""
    return _live_document(language, slug=slug, page__kind="procedure")


def _live_document(language: str, **which: Any) -> PageDocument | None:
    live = Publication.objects.live().filter(language=language, **which)
    document = live.values_list("document", flat=True).first()
    return PageDocument.from_json(document) if document else None


@dataclass(frozen=True)
class FormerProcedure:
    """A procedure once published under a slug. ``now_at`` is its present address, "" if it has none."""

    title: str
    now_at: str


def former_procedure(slug: str, language: str) -> FormerProcedure | None:
    """Find a procedure that has moved or was withdrawn. Two queries."""
    former = Publication.objects.took_effect(timezone.now()).filter(slug=slug, language=language)
    publication = former.order_by("-number").first()
    if publication is None:
        return None
    card = Card.from_json(publication.card)
    live = Publication.objects.live().filter(page=publication.page_id, language=language).first()
    return FormerProcedure(title=card.title, now_at=live.get_absolute_url() if live else "")


def former_overview(language: str) -> str | None:
    """Return the title of the last published overview, or None. One query."""
    former = Publication.objects.took_effect(timezone.now()).filter(page__kind="overview", language=language)
    card = former.order_by("-number").values_list("card", flat=True).first()
    return Card.from_json(card).title if card else None


def require_overview() -> None:
    """Raise ``LookupError`` if no overview was ever published. It may be withdrawn."""
    if not Publication.objects.took_effect(timezone.now()).filter(page__kind="overview").exists():
        raise LookupError("The overview was never published.")
