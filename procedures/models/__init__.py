"""What patients read: pages and their parts (the working copy), and what was published of them."""

from procedures.models.feedback import FeedbackReport, PlainWord, ReviewReminder
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
from procedures.models.shared_content import (
    Disclaimer,
    EmergencyText,
    Photo,
    Practitioner,
    SharedText,
    Source,
)

__all__ = [
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
    "ReviewReminder",
    "Risk",
    "Section",
    "SectionKind",
    "SharedText",
    "Source",
    "Step",
]
