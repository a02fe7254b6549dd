"""The standard outline of a procedure's page, which a new procedure starts with.

An empty section is not shown on the page; its form shows guidance.
"""

from pathlib import Path

from clinic_site.core import toml_files
from procedures.models import Page, Section

# The heading and the guidance of each kind of section.
OUTLINE: dict[str, dict[str, str]] = toml_files.read(Path(__file__).parents[1] / "content" / "outline.toml")


def add_outline(page: Page) -> None:
    """Give a new page the empty sections of the outline."""
    Section.objects.bulk_create(
        Section(page_id=page.pk, position=position, kind=kind, heading=section["heading"])
        for position, (kind, section) in enumerate(OUTLINE.items(), start=1)
    )
