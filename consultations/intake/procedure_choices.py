"""The choices of "What is it about?": the published procedures, something else, or "I am not sure"."""

from dataclasses import dataclass

from django.core.validators import slug_re
from django.utils import timezone

from consultations.answers import About
from procedures.models import Procedure, Publication
from procedures.public.selectors import published_procedures
from procedures.publishing.documents import Card

# Keeps the slug of a procedure apart from the other choices.
PREFIX = "procedure:"


@dataclass(frozen=True)
class Subject:
    about: About
    procedure: Procedure | None = None
    name: str = ""


def choices(language: str, chosen: str = "") -> list[tuple[str, str]]:
    """Return the choices to offer, including ``chosen`` if it was offered once."""
    offered = [_choice(card) for card in published_procedures(language) if card.show_in_form]
    if chosen not in dict(offered) and (publication := _publication(chosen, language)):
        offered.append(_choice(Card.from_json(publication.card)))
    others = [About.SOMETHING_ELSE, About.NOT_SURE]
    return offered + [(other.value, str(other.label)) for other in others]


def find(chosen: str, language: str) -> Subject | None:
    """Return the subject of one of the ``choices``; None for any other value."""
    if chosen in (About.SOMETHING_ELSE, About.NOT_SURE):
        return Subject(About(chosen))
    if publication := _publication(chosen, language):
        procedure = Procedure.objects.get(pk=publication.page_id)
        return Subject(About.PROCEDURE, procedure, Card.from_json(publication.card).title)
    return None


def for_slug(slug: str) -> str:
    """Return the choice for the procedure with this slug."""
    return f"{PREFIX}{slug}"


def _choice(card: Card) -> tuple[str, str]:
    return for_slug(card.slug), f"{card.title} ({card.plain_name})" if card.plain_name else card.title


def _publication(chosen: str, language: str) -> Publication | None:
    """Return the newest publication of the chosen procedure that was ever live.

    Withdrawn ones count: withdrawing a procedure must not invalidate a form that is being filled in.
    """
    slug = chosen.removeprefix(PREFIX)
    if slug == chosen or not slug_re.match(slug):
        return None
    seen = Publication.objects.filter(
        slug=slug,
        language=language,
        page__kind="procedure",
        live_from__lte=timezone.now(),
    )
    return seen.order_by("-live_from", "-number").first()
