"""The sample content of a new site: the founding document and four procedures, as data in ``content/``."""

from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from clinic_site.core import toml_files
from procedures.models import (
    Benefit,
    CareCard,
    Citation,
    Disclaimer,
    EmergencyText,
    Expectation,
    KeyFact,
    Overview,
    Page,
    Part,
    Practitioner,
    Procedure,
    Question,
    RecoveryNote,
    Risk,
    Section,
    Source,
    Step,
)
from procedures.publishing import services as publishing
from procedures.staff import plain_language

CONTENT = Path(__file__).parent
LANGUAGE = "en"

# The lists of a content file, and the part that each item becomes.
PARTS: dict[str, type[Part]] = {
    "sections": Section,
    "key_facts": KeyFact,
    "benefits": Benefit,
    "steps": Step,
    "recovery_notes": RecoveryNote,
    "expectations": Expectation,
    "risks": Risk,
    "care_cards": CareCard,
    "questions": Question,
    "citations": Citation,
}
PROCEDURES = ("microvascular-surgery", "nerve-repair", "replantation", "tumor-removal")


@transaction.atomic
def load() -> str:
    """Enter and publish the sample pages, with the words to avoid in them, unless there are pages already."""
    if Page.objects.exists():
        return _("Pages: kept as they are.")
    _load_shared(toml_files.read(CONTENT / "shared.toml"))
    plain_language.load_words()
    sources = {
        key: Source.objects.get_or_create(key=key, defaults=fields)[0]
        for key, fields in toml_files.read(CONTENT / "sources.toml").items()
    }
    # The overview goes first: procedures with no steps of their own show the ones it has published.
    pages = [_load_page(Overview, "overview", sources)]
    pages += [_load_page(Procedure, name, sources) for name in PROCEDURES]
    return _("Pages: %(count)d were entered and published as samples.") % {"count": len(pages)}


def _load_shared(content: dict[str, Any]) -> None:
    if not Disclaimer.current():
        Disclaimer.objects.create(**content["disclaimer"])
    if not EmergencyText.current():
        EmergencyText.objects.create(**_one_per_line(content["emergency"]))
    if not Practitioner.objects.exists():
        for position, fields in enumerate(content["practitioners"]):
            Practitioner.objects.create(**fields, position=position, is_sample=True)


def _load_page(model: type[Page], name: str, sources: dict[str, Source]) -> Page:
    content = toml_files.read(CONTENT / f"{name}.toml")
    parts = {key: content.pop(key, []) for key in PARTS}
    page = model._default_manager.create(**content)
    for key, part in PARTS.items():
        part._default_manager.bulk_create(
            part(page=page, position=position, **_part_fields(fields, sources))
            for position, fields in enumerate(parts[key], start=1)
        )
    publishing.publish_sample(page, language=LANGUAGE)
    return page


def _part_fields(fields: dict[str, Any], sources: dict[str, Source]) -> dict[str, Any]:
    fields = _one_per_line(fields)
    if "source" in fields:
        fields["source"] = sources[fields["source"]]
    return fields


def _one_per_line(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in fields.items()}
