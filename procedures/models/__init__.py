"""Pages and their parts (the drafts), what they share, and their publications."""

from procedures.models.emergency_text import EmergencyText
from procedures.models.feedback import FeedbackReport, PlainWord
from procedures.models.pages import Overview, Page, Procedure
from procedures.models.parts import (
    PARTS,
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
from procedures.models.photos import Photo
from procedures.models.practitioners import Practitioner
from procedures.models.publications import PreviewLink, Publication
from procedures.models.shared_texts import Disclaimer, SharedText
from procedures.models.sources import Source

__all__ = [
    "PARTS",
    "Benefit",
    "CareCard",
    "Citation",
    "Disclaimer",
    "EmergencyText",
    "Expectation",
    "FeedbackReport",
    "KeyFact",
    "Overview",
    "Page",
    "Part",
    "Photo",
    "PlainWord",
    "Practitioner",
    "PreviewLink",
    "Procedure",
    "Publication",
    "Question",
    "RecoveryNote",
    "Risk",
    "Section",
    "SectionKind",
    "SharedText",
    "Source",
    "Step",
]
