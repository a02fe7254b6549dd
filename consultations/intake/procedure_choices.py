"""What a request can be about: the published procedures, something else, or "I am not sure"."""

from dataclasses import dataclass

from django.core.validators import slug_re
from django.utils import timezone

from consultations.answers import About
from procedures.models import Procedure, Publication
from procedures.public.selectors import published_procedures
from procedures.publishing.documents import Card

# Before a procedure's address in the form, so that no address can be mistaken for one of the other answers.
PREFIX = "procedure:"


@dataclass(frozen=True)
class Subject:
    about: About
    procedure: Procedure | None = None
    name: str = ""


def choices(language: str, chosen: str = "") -> list[tuple[str, str]]:
    """The answers to offer. ``chosen``, if it was once on offer, is among them even if it no longer is."""
    offered = [_choice(card) for card in published_procedures(language) if card.show_in_form]
    if chosen not in dict(offered) and (publication := _publication(chosen, language)):
        offered.append(_choice(Card.from_json(publication.card)))
    others = [About.SOMETHING_ELSE, About.NOT_SURE]
    return offered + [(other.value, str(other.label)) for other in others]


def find(chosen: str, language: str) -> Subject | None:
    """What an answer of ``choices`` stands for; None for anything else."""
    if chosen in (About.SOMETHING_ELSE, About.NOT_SURE):
        return Subject(About(chosen))
    if publication := _publication(chosen, language):
        procedure = Procedure.objects.get(pk=publication.page_id)
        return Subject(About.PROCEDURE, procedure, Card.from_json(publication.card).title)
    return None


def for_slug(slug: str) -> str:
    """The answer that stands for the procedure with this address."""
    return f"{PREFIX}{slug}"


def _choice(card: Card) -> tuple[str, str]:
    return for_slug(card.slug), f"{card.title} ({card.plain_name})" if card.plain_name else card.title


def _publication(chosen: str, language: str) -> Publication | None:
    """The newest version of the procedure under this address that patients have seen.

    Withdrawn ones count: a procedure that is withdrawn while somebody fills in the form must not cost
    them their request.
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
