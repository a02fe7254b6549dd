"""Template tags and filters of clinical pages."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone

from clinic_site.core.http.languages import active_language
from procedures import models
from procedures.public import selectors
from procedures.publishing import documents
from procedures.publishing.documents import PageDocument

register = template.Library()

# What few readers need at once, by the kind or the urgency of the page.
FOLDED = {
    "overview": {"emergency", "scale", "procedures", "steps", "anesthesia", "risks", "help", "faqs"},
    "planned": {"alternatives", "preparation", "steps", "hospital", "risks", "questions", "faqs"},
}
FOLDED["emergency"] = FOLDED["planned"] | {"why", "suitability", "recovery"}

# In CSS pixels. A portrait as wide as the text would fill the first screen.
MAX_PHOTO_HEIGHT_PX = 384


@register.filter
def section_template(kind: str) -> list[str]:
    """Return the templates to try for a section of this kind: its own, else the one for plain text."""
    return [f"procedures/public/sections/{name}.html" for name in (kind, "text")]


@register.filter
def is_folded(section: documents.Section, page: PageDocument | None) -> bool:
    """True for a section that is collapsed to its heading at first. Always False without a page."""
    if page is None or not section.heading:
        return False
    return section.kind in FOLDED.get(page.urgency or page.kind, FOLDED["planned"])


@register.simple_tag
def overview_section(kind: str) -> dict[str, Any]:
    """Return a section of the published overview with its language, for other pages. One query."""
    overview = selectors.live_overview(active_language())
    return {"section": overview.section(kind), "language": overview.language} if overview else {}


@register.filter
def overdue(page: PageDocument) -> bool:
    """True after the date of the page's next review."""
    return page.is_overdue(timezone.localdate())


@register.filter
def change_url(publication: models.Publication) -> str:
    """Return the address of the page's form in the admin."""
    return reverse(f"admin:procedures_{publication.page.kind}_change", args=[publication.page_id])


@register.filter
def signed_review(publication: models.Publication) -> documents.Review | None:
    """Return the review as it was signed: the reviewer's row may have changed since."""
    return PageDocument.from_json(publication.document).review


@register.inclusion_tag("components/photo.html")
def photo(picture: documents.Photo | models.Photo, alt: str, sizes: str = "") -> dict[str, Any]:
    """Show a photograph, offering the browser every stored width.

    It is shown whole, at most ``MAX_PHOTO_HEIGHT_PX`` high; ``sizes`` and the style sheet may shrink it.
    """
    height = min(picture.height, MAX_PHOTO_HEIGHT_PX)
    width = round(picture.width * height / picture.height)
    sources = [(reverse("photo", args=[f"{picture.digest}-{width}.webp"]), width) for width in picture.widths]
    return {
        "width": width,
        "height": height,
        "src": sources[-1][0],
        "srcset": ", ".join(f"{url} {width}w" for url, width in sources),
        # On a narrower screen it fills the text column, 92% of the screen.
        "sizes": sizes or f"(min-width: {round(width / 0.92)}px) {width}px, 92vw",
        "alt": alt,
    }
