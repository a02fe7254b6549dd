"""What is live: the published pages, as the rest of the site asks for them."""

from dataclasses import dataclass
from datetime import date, datetime, time

from django.utils import timezone

from procedures.documents import Card, PageDocument
from procedures.models import Procedure, Publication


def published_procedures(language: str) -> tuple[Card, ...]:
    """The cards of all published procedures, in the order staff gave them. One query."""
    cards = Publication.objects.live().procedures().filter(language=language).values_list("card", flat=True)
    return tuple(Card.from_json(card) for card in cards)


def live_overview(language: str) -> PageDocument | None:
    """The front page as published. One query."""
    live = Publication.objects.live().filter(page__overview__isnull=False, language=language)
    document = live.values_list("document", flat=True).first()
    return PageDocument.from_json(document) if document else None


def live_procedure(slug: str, language: str) -> PageDocument | None:
    """The procedure published under this address. One query."""
    live = Publication.objects.live().filter(slug=slug, language=language, page__procedure__isnull=False)
    document = live.values_list("document", flat=True).first()
    return PageDocument.from_json(document) if document else None


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


def version_on(day: date, slug: str, language: str) -> PageDocument | None:
    """What the page under this address said at the end of a day."""
    end_of_day = timezone.make_aware(datetime.combine(day, time.max))
    shown = Publication.objects.live(end_of_day).filter(language=language)
    shown = (
        shown.filter(page__overview__isnull=False)
        if not slug
        else shown.filter(page__in=Publication.objects.filter(slug=slug, language=language).values("page"))
    )
    document = shown.values_list("document", flat=True).first()
    return PageDocument.from_json(document) if document else None


def find_procedure(slug: str, language: str) -> Procedure | None:
    """The row of the procedure published under this address."""
    return Procedure.objects.filter(
        pk__in=Publication.objects.live().filter(slug=slug, language=language).values("page")
    ).first()


def require_overview() -> None:
    """Raises ``LookupError`` while there is no front page to show."""
    if not Publication.objects.live().filter(page__overview__isnull=False).exists():
        raise LookupError("The overview is not published.")
