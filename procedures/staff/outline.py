"""The standard outline of a procedure's page, with guidance for each section.

The order follows what NHS, Mayo Clinic and Cleveland Clinic pages and hospital leaflets have in common.
A new procedure starts with it; an empty section is not shown on the page.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from procedures.models import Page, Section, SectionKind


@dataclass(frozen=True)
class OutlineSection:
    kind: SectionKind
    heading: Promise
    guidance: Promise


OUTLINE = (
    OutlineSection(
        SectionKind.WHY,
        _("Why it is done"),
        _("What is wrong, in everyday words, and what the operation aims to restore. No promises."),
    ),
    OutlineSection(
        SectionKind.SUITABILITY,
        _("Who it may suit, and who it may not"),
        _("For whom it is usually offered, for whom it is not, and what decides."),
    ),
    OutlineSection(
        SectionKind.ALTERNATIVES,
        _("Other options, including no operation"),
        _("Every other treatment, and what happens without surgery. Needed before publishing."),
    ),
    OutlineSection(
        SectionKind.PREPARATION,
        _("How to prepare"),
        _("Food, medicines, smoking, what to bring, who comes along, how long to stay in Lahore."),
    ),
    OutlineSection(
        SectionKind.STEPS,
        _("What happens, step by step"),
        _("Add steps below. With none, the page shows the overview’s steps for planned care."),
    ),
    OutlineSection(
        SectionKind.HOSPITAL,
        _("In the hospital after the operation"),
        _("What the patient wakes up to, how the operated part is checked, and for how long."),
    ),
    OutlineSection(
        SectionKind.RECOVERY,
        _("Recovery over time"),
        _("Add a note for each period below: first days, weeks, months. The fullest part of the page."),
    ),
    OutlineSection(
        SectionKind.RISKS,
        _("Risks"),
        _("Add the risks below. The overview lists those of every operation. Needed before publishing."),
    ),
    OutlineSection(
        SectionKind.HELP,
        _("When to get help"),
        _("Add cards below, one for each level. Say what change in color, warmth and swelling to look for."),
    ),
    OutlineSection(
        SectionKind.QUESTIONS,
        _("Questions to ask your surgeon"),
        _("Add questions below. Leave the answer empty."),
    ),
)
GUIDANCE = {heading.kind: heading.guidance for heading in OUTLINE}


def add_outline(page: Page) -> None:
    """Give a new page the empty sections of the outline."""
    Section.objects.bulk_create(
        Section(page_id=page.pk, position=position, kind=heading.kind, heading=str(heading.heading))
        for position, heading in enumerate(OUTLINE, start=1)
    )
