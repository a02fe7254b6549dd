"""What only the clinical pages need of their templates."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language

from procedures import models
from procedures.public import selectors
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument

register = template.Library()

# In pixels of style sheets. A portrait as wide as the text would fill the first screen.
HIGHEST = 384


@register.filter
def section_template(kind: str) -> list[str]:
    """The templates to try for a section of this kind, for ``include``: its own, else that of plain text."""
    return [f"procedures/public/sections/{name}.html" for name in (kind, "text")]


@register.simple_tag
def overview_section(kind: str) -> documents.Section | None:
    """The overview's section of a kind, as published, for a page that is not a clinical one. One query."""
    overview = selectors.live_overview(get_language() or "en")
    sections = overview.sections if overview else ()
    return next((section for section in sections if section.kind == kind), None)


@register.filter
def overdue(page: PageDocument) -> bool:
    """True once the page's next review is past."""
    return page.is_overdue(timezone.localdate())


@register.filter
def change_url(publication: models.Publication) -> str:
    """Where staff edit the page of a publication."""
    kind = "procedure" if publication.slug else "overview"
    return reverse(f"admin:procedures_{kind}_change", args=[publication.page_id])


@register.filter
def signed_review(publication: models.Publication) -> documents.Review | None:
    """The review as it was signed: the reviewer's row may name somebody else by now."""
    return PageDocument.from_json(publication.document).review


@register.inclusion_tag("components/photo.html")
def photo(picture: documents.Photo | models.Photo, alt: str, sizes: str = "") -> dict[str, Any]:
    """A photograph in the widths it was stored in; the browser takes the smallest that will do.

    It is shown whole, and no higher than ``HIGHEST``; narrower where ``sizes`` and the style sheet say so.
    """
    height = min(picture.height, HIGHEST)
    width = round(picture.width * height / picture.height)
    sources = [
        (reverse("procedures:photo", args=[f"{picture.digest}-{width}.webp"]), width)
        for width in picture.widths
    ]
    return {
        "width": width,
        "height": height,
        "src": sources[-1][0],
        "srcset": ", ".join(f"{url} {width}w" for url, width in sources),
        # On a narrower screen it fills the text's column: what stands beside that is 8 percent.
        "sizes": sizes or f"(min-width: {round(width / 0.92)}px) {width}px, 92vw",
        "alt": alt,
    }
