"""Pages and their parts (the drafts), what they share, and their publications."""

from procedures.models.disclaimer import Disclaimer
from procedures.models.feedback import FeedbackReport, PlainWord
from procedures.models.pages import Emergency, Overview, Page, Procedure
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
from procedures.models.sources import Source

__all__ = [
    "PARTS",
    "Benefit",
    "CareCard",
    "Citation",
    "Disclaimer",
    "Emergency",
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
    "Source",
    "Step",
]
