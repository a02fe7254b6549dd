"""What is live: the published pages, as the rest of the site asks for them."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.db.models import Count, F, OuterRef, QuerySet, Subquery, Window
from django.utils import timezone

from clinic_site.core.http.prepared_queries import Prepared
from clinic_site.core.http.site_context_query import Part
from procedures.models import Overview, Procedure, Publication
from procedures.publishing.documents import Card, PageDocument

# The menu's, and the overview's twelve, and one more that says whether there are more.
FIRST = 13


def menu(language: str, at: datetime) -> Part:
    """The cards of the first published procedures: as many as a page shows that does not list them all."""
    first = Publication.objects.filter(pk__in=_live_procedures(language, at)[:FIRST])
    return Part(
        first.annotate(text=F("card"), place=F("page__position"), then=F("page_id")),
        lambda cards: tuple(map(Card.from_json, cards)),
    )


def page_of_procedures(language: str, number: int, size: int) -> tuple[tuple[Card, ...], int]:
    """One page of all published procedures, from 1, and how many there are in all. One query."""
    live = Publication.objects.filter(pk__in=_live_procedures(language, timezone.now())).procedures()
    rows = live.annotate(total=Window(Count("pk"))).values_list("card", "total")
    found = list(rows[(number - 1) * size : number * size])
    return tuple(Card.from_json(card) for card, _total in found), found[0][1] if found else 0


def _live_procedures(language: str, at: datetime) -> QuerySet[Procedure, int]:
    """The keys of the live publications, asked from the procedures' side: the first of them in the order
    staff gave are found by index, without looking at the others."""
    live = Publication.objects.live(at).filter(page=OuterRef("pk"), language=language).values("pk")[:1]
    return (
        Procedure.objects.annotate(live=Subquery(live))
        .filter(live__isnull=False)
        .order_by("position", "pk")
        .values_list("live", flat=True)
    )


def published_procedures(language: str) -> tuple[Card, ...]:
    """The cards of all published procedures, in the order staff gave them. One query."""
    cards = Publication.objects.live().procedures().filter(language=language).values_list("card", flat=True)
    return tuple(Card.from_json(card) for card in cards)


def live_overview(language: str) -> PageDocument | None:
    """The front page as published. One query."""
    return _first(_OVERVIEW.rows(language=language, at=timezone.now()))


def live_emergency_text(language: str) -> PageDocument | None:
    """The page whose emergency text stands for the whole site: the overview as published.

    While the overview is withdrawn, the page that was published last and has one. One query, then two.
    """
    if (overview := live_overview(language)) and overview.emergency:
        return overview
    live = Publication.objects.live().filter(language=language).order_by("-published_at", "-pk")
    documents = map(PageDocument.from_json, live.values_list("document", flat=True)[:FIRST])
    return next((document for document in documents if document.emergency), None)


def live_procedure(slug: str, language: str) -> PageDocument | None:
    """The procedure published under this address. One query."""
    return _first(_PROCEDURE.rows(language=language, at=timezone.now(), slug=slug))


def _documents(language: str, at: datetime, **which: Any) -> QuerySet[Any, Any]:
    return Publication.objects.live(at).filter(language=language, **which).values_list("document")[:1]


# Procedures have an address of their own; the overview has none.
_OVERVIEW = Prepared(
    lambda language, at, slug: _documents(language, at, page__in=Overview.objects.values("pk"))
)
_PROCEDURE = Prepared(lambda language, at, slug: _documents(language, at, slug=slug, page__kind="procedure"))


def _first(rows: list[tuple[str]]) -> PageDocument | None:
    return PageDocument.from_json(rows[0][0]) if rows else None


@dataclass(frozen=True)
class FormerProcedure:
    """A procedure that was once published under an address: where it is now, if it still is anywhere."""

    title: str
    now_at: str


def former_procedure(slug: str, language: str) -> FormerProcedure | None:
    """What became of an address that patients may have kept. Two queries."""
    former = Publication.objects.took_effect(timezone.now()).filter(slug=slug, language=language)
    publication = former.order_by("-number").first()
    if publication is None:
        return None
    card = Card.from_json(publication.card)
    live = Publication.objects.live().filter(page=publication.page_id, language=language).first()
    return FormerProcedure(title=card.title, now_at=live.get_absolute_url() if live else "")


def former_overview(language: str) -> str | None:
    """The title of the front page that was published once; None when none ever was. One query."""
    former = Publication.objects.took_effect(timezone.now()).filter(page__kind="overview", language=language)
    card = former.order_by("-number").values_list("card", flat=True).first()
    return Card.from_json(card).title if card else None


@dataclass(frozen=True)
class Day:
    """What patients were shown of a page on one day: the last version, and how many there were."""

    page: int
    document: PageDocument
    versions: int
    was_withdrawn: bool


def version_on(day: date, slug: str, language: str) -> Day | None:
    """What the page under this address said on a day; of today, until now. Two queries.

    A version is shown from its time until it is withdrawn or a newer one comes, and never again.
    """
    begin, end = (timezone.make_aware(datetime.combine(day, at)) for at in (time.min, time.max))
    until = min(end, timezone.now())
    of_page = (
        Publication.objects.filter(page__kind="overview")
        if not slug
        else Publication.objects.filter(
            page__in=Publication.objects.shown().filter(slug=slug, language=language).values("page")
        )
    )
    shown: list[tuple[int, bool]] = []
    newer_from = None
    for pk, live_from, withdrawn_at in (
        of_page.took_effect(until)
        .filter(language=language)
        .order_by("-number")
        .values_list("pk", "live_from", "withdrawn_at")
    ):
        gone_at = min(filter(None, (withdrawn_at, newer_from)), default=None)
        if gone_at is None or gone_at > max(begin, live_from):
            shown.append((pk, bool(withdrawn_at and withdrawn_at == gone_at and withdrawn_at <= until)))
        newer_from = min(filter(None, (newer_from, live_from)))
    if not shown:
        return None
    pk, was_withdrawn = shown[0]
    last = Publication.objects.get(pk=pk)
    return Day(last.page_id, PageDocument.from_json(last.document), len(shown), was_withdrawn)


def find_procedure(slug: str, language: str) -> Procedure | None:
    """The row of the procedure published under this address."""
    return Procedure.objects.filter(
        pk__in=Publication.objects.live().filter(slug=slug, language=language).values("page")
    ).first()


def require_overview() -> None:
    """Raises ``LookupError`` until there was a front page. When it is withdrawn, the other pages go on."""
    if not Publication.objects.took_effect(timezone.now()).filter(page__kind="overview").exists():
        raise LookupError("The overview was never published.")
