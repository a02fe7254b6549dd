"""Clinical pages and people as schema.org data: only what the page shows."""

from collections.abc import Iterable

from django.conf import settings
from django.urls import reverse
from django.utils.timezone import localdate
from django.utils.translation import gettext as _

from clinic_site.clinic.models import ClinicProfile
from clinic_site.clinic.structured_data import (
    PLASTIC_SURGERY,
    SURGERY,
    Node,
    absolute,
    breadcrumbs,
    clinic_id,
    clinic_reference,
    graph,
    item_list,
    names,
    without_empty,
)
from clinic_site.core.markdown import plain_blocks
from procedures.models import Practitioner, SectionKind
from procedures.publishing.documents import Card, PageDocument, Person

# Parts of a registered specialty's name, and the specialties in schema.org's list that they mean.
SPECIALTIES = {
    "plastic": PLASTIC_SURGERY,
    "orthop": "https://schema.org/Musculoskeletal",
    "neuro": "https://schema.org/Neurologic",
    "anesth": "https://schema.org/Anesthesia",
    "anaesth": "https://schema.org/Anesthesia",
    "surg": SURGERY,
    "پلاسٹک": PLASTIC_SURGERY,
    "آرتھو": "https://schema.org/Musculoskeletal",
    "نیورو": "https://schema.org/Neurologic",
    "انستھیز": "https://schema.org/Anesthesia",
    "سرج": SURGERY,
}


def page(document: PageDocument, clinic: ClinicProfile | None) -> Node:
    """``MedicalWebPage`` about a ``SurgicalProcedure`` or about microsurgery, with its breadcrumbs."""
    url = absolute(document.get_absolute_url())
    # A sample reviewer is no review: the page does not show one either.
    version, review = document.version, None if document.is_sample else document.review
    is_english = document.language == settings.LANGUAGE_CODE
    node = without_empty(
        {
            "@type": "MedicalWebPage",
            "@id": url,
            "url": url,
            "name": document.title,
            "description": document.summary,
            "inLanguage": document.language,
            "datePublished": version and localdate(version.first_published_at).isoformat(),
            "dateModified": version and localdate(version.published_at).isoformat(),
            "lastReviewed": review and review.reviewed_on.isoformat(),
            "reviewedBy": review and _person(review.reviewer),
            "author": document.author and {"@type": "Organization", "name": document.author},
            "publisher": clinic and clinic_reference(clinic),
            # A translation leads to the English page for its sources.
            "citation": [source.title for source in document.sources if is_english],
            "about": _procedure(document) if document.kind == "procedure" else _microsurgery(),
            "audience": {"@type": "Patient"},
        }
    )
    if document.kind == "overview":
        return graph(node)
    parents = [_all_procedures()] if document.kind == "procedure" else []
    return graph(node, breadcrumbs(*parents, (document.title, document.get_absolute_url())))


def procedure_list(cards: Iterable[Card]) -> Node:
    listed = [(card.title, card.get_absolute_url()) for card in cards]
    return graph(breadcrumbs(_all_procedures()), *([item_list(*listed)] if listed else []))


def emergency() -> Node:
    return graph(breadcrumbs((_("Emergency"), reverse("procedures:emergency"))))


def practitioners(people: Iterable[Practitioner]) -> Node:
    """``IndividualPhysician`` for each real person, at this clinic."""
    return graph(
        *(
            without_empty(
                {
                    "@type": "IndividualPhysician",
                    "name": person.name,
                    "medicalSpecialty": _specialties(person.specialty),
                    "knowsLanguage": names(person.languages),
                    "practicesAt": {"@id": clinic_id()},
                    "identifier": _registration(person.registration_number),
                }
            )
            for person in people
            if not person.is_sample
        ),
        breadcrumbs((_("Surgeons"), reverse("procedures:surgeons"))),
    )


def _all_procedures() -> tuple[str, str]:
    return (_("All procedures"), reverse("procedures:list"))


def _procedure(document: PageDocument) -> Node:
    return without_empty(
        {
            "@type": "SurgicalProcedure",
            "name": document.title,
            "alternateName": [*filter(None, (document.plain_name,)), *document.alternate_names],
            "bodyLocation": document.body_location,
            # Every operation is surgical. The reviewer's own specialty is not the procedure's.
            "relevantSpecialty": SURGERY,
            "preparation": _plain(document, SectionKind.PREPARATION),
            "howPerformed": [step.title for step in document.steps],
            "followup": _plain(document, SectionKind.HOSPITAL),
        }
    )


def _microsurgery() -> Node:
    return {"@type": "MedicalProcedure", "name": _("Microsurgery")}


def _plain(document: PageDocument, kind: str) -> str:
    """Return the first paragraph of a section, without Markdown."""
    section = document.section(kind)
    return next(iter(plain_blocks(section.body)), "") if section else ""


def _person(person: Person) -> Node:
    return without_empty(
        {"@type": "Person", "name": person.name, "identifier": _registration(person.registration_number)}
    )


def _specialties(registered: str) -> list[str]:
    return [code for part, code in SPECIALTIES.items() if part in registered.lower()]


def _registration(number: str) -> Node | None:
    return {"@type": "PropertyValue", "propertyID": "PMDC", "value": number} if number else None
