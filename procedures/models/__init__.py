"""What patients read: pages and their parts (the working copy), and what was published of them."""

from procedures.models.pages import Overview, Page, Procedure
from procedures.models.parts import (
    Benefit,
    CareCard,
    Citation,
    Expectation,
    KeyFact,
    Part,
    Question,
    RecoveryNote,
    Risk,
    Section,
    SectionKind,
    Step,
)
from procedures.models.publications import PreviewLink, Publication
from procedures.models.shared import Disclaimer, EmergencyText, Photo, Practitioner, Source

__all__ = [
    "Benefit",
    "CareCard",
    "Citation",
    "Disclaimer",
    "EmergencyText",
    "Expectation",
    "KeyFact",
    "Overview",
    "Page",
    "Part",
    "Photo",
    "Practitioner",
    "PreviewLink",
    "Procedure",
    "Publication",
    "Question",
    "RecoveryNote",
    "Risk",
    "Section",
    "SectionKind",
    "Source",
    "Step",
]
