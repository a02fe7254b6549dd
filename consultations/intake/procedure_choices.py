"""The choices of "What happened?": published procedures in plain words, something else, "I’m not sure"."""

from typing import Any

from django.conf import settings
from django.core.validators import slug_re
from django.db.models import Case, When
from django.utils import timezone
from django.utils.text import capfirst

from clinic_site.core.http.languages import with_fallback
from clinic_site.core.templatetags.formatting import in_its_language
from consultations.answers import About
from procedures.models import Publication
from procedures.public.selectors import published_procedures
from procedures.publishing.documents import Card

# Keeps the slug of a procedure apart from the other choices.
PREFIX = "procedure:"
OTHERS = (About.SOMETHING_ELSE, About.NOT_SURE)


def choices(language: str, chosen: str = "", *, by_title: bool = False) -> list[tuple[str, str]]:
    """Return the choices to offer, including ``chosen`` if it was offered once.

    ``by_title``: for staff, who know the procedures by their names.
    """
    cards = [card for card in published_procedures(language) if card.show_in_form or by_title]
    offered = {card.slug for card in cards}
    if chosen.removeprefix(PREFIX) not in offered and (publication := _publication(chosen, language)):
        cards.append(Card.from_json(publication.card))
    procedures = []
    for card in cards:
        label = card.title if by_title else capfirst(card.door or card.plain_name or card.title)
        procedures.append((f"{PREFIX}{card.slug}", in_its_language(label, card.language)))
    return procedures + [(other.value, str(other.label)) for other in OTHERS]


def find(chosen: str, language: str) -> dict[str, Any] | None:
    """Return the answer fields of one of the ``choices``; None for any other value."""
    if chosen in OTHERS:
        return {"about": chosen}
    # Staff read the name, in English.
    if publication := _publication(chosen, settings.LANGUAGE_CODE) or _publication(chosen, language):
        name = Card.from_json(publication.card).title
        return {
            "about": About.PROCEDURE.value,
            "procedure_id": publication.page_id,
            "procedure_name": name,
        }
    return None


def _publication(chosen: str, language: str) -> Publication | None:
    """Return the newest publication of the chosen procedure that was ever live.

    Withdrawn ones count: withdrawing a procedure must not invalidate a form that is being filled in.
    """
    slug = chosen.removeprefix(PREFIX)
    if slug == chosen or not slug_re.match(slug):
        return None
    seen = Publication.objects.filter(
        slug=slug,
        language__in=with_fallback(language),
        page__kind="procedure",
        live_from__lte=timezone.now(),
    )
    is_translated = Case(When(language=language, then=1), default=0)
    return seen.order_by(is_translated.desc(), "-live_from", "-number").first()
