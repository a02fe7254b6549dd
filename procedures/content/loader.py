"""Loads the sample content of a new site: the emergency text, the overview and procedures."""

from functools import cache
from itertools import chain
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from clinic_site.core import toml_files
from clinic_site.core.editing.translatable import read_catalog
from procedures.models import (
    PARTS,
    Disclaimer,
    Emergency,
    Overview,
    Page,
    PlainWord,
    Practitioner,
    Procedure,
    SectionKind,
    Source,
)
from procedures.models.pages import DRAFT_LANGUAGE
from procedures.publishing import drafts, publishing, translation

CONTENT = Path(__file__).parent

SAMPLE_AUTHOR = "Sample content, written from the sources below"
PROCEDURES = ("microvascular-surgery", "nerve-repair", "replantation", "tumor-removal")


@transaction.atomic
def load() -> str:
    """Create the sample pages and the list of words to avoid, unless there are pages."""
    if Page.objects.exists():
        return _("Pages: kept as they are.")
    shared = toml_files.read(CONTENT / "shared.toml")
    _load_shared(shared)
    load_words()
    sources = {
        key: Source.objects.get_or_create(key=key, defaults=fields)[0]
        for key, fields in toml_files.read(CONTENT / "sources.toml").items()
    }
    # The overview before procedures: those without steps of their own show its published ones.
    pages = ((Emergency, "emergency"), (Overview, "overview"), *((Procedure, name) for name in PROCEDURES))
    for model, name in pages:
        page = _create_page(model, toml_files.read(CONTENT / f"{name}.toml"), sources)
        publishing.publish_sample(page, language=DRAFT_LANGUAGE)
        _publish_translations(page)
    outlines = _outlines()
    for outline in outlines:
        _create_page(Procedure, outline, sources)
    _load_practitioners(shared["practitioners"])
    counts = {"count": len(pages), "outlines": len(outlines)}
    return _("Pages: %(count)d created and published as samples, %(outlines)d outlines.") % counts


def _publish_translations(page: Page) -> None:
    for language in dict(settings.LANGUAGES).keys() - {DRAFT_LANGUAGE}:
        known = _translations(language)
        texts = [text for _place, text in translation.texts(drafts.live_english(page)[1])]
        page.translations[language] = {text: known[text] for text in texts if text in known}
        page.save(update_fields=["translations"])
        publishing.publish_sample(page, language=language)


@cache
def _translations(language: str) -> dict[str, str]:
    """Return the translation of each text of the sample content."""
    catalogs = map(read_catalog, sorted((CONTENT / language).glob("*.po")))
    return dict(chain.from_iterable(catalog.items() for catalog in catalogs))


def _load_shared(content: dict[str, Any]) -> None:
    if not Disclaimer.current():
        Disclaimer.objects.create(**content["disclaimer"])


def _load_practitioners(people: list[dict[str, Any]]) -> None:
    if not Practitioner.objects.exists():
        for position, fields in enumerate(people):
            slugs = fields.pop("procedures")
            person = Practitioner(**fields, position=position, is_sample=True)
            known = _translations("ur")
            texts = [text for _field, text in person.texts_to_translate() if text in known]
            person.translations["ur"] = {text: known[text] for text in texts}
            person.save()
            person.procedures.set(Procedure.objects.filter(slug__in=slugs))


def load_words() -> None:
    """Store the default list of words to avoid, unless there are words already."""
    if not PlainWord.objects.exists():
        content = toml_files.read(CONTENT / "plain_words.toml")
        PlainWord.objects.bulk_create(
            PlainWord(word=word, alternative=plain, kind=kind)
            for kind in PlainWord.Kind.values
            for word, plain in content[kind].items()
        )


def _outlines() -> list[dict[str, Any]]:
    """Return the content of unpublished procedures: what is known of each, in the standard outline."""
    outline = toml_files.read(CONTENT / "outline.toml")
    pages: list[dict[str, Any]] = toml_files.read(CONTENT / "outlines.toml")["pages"]
    for position, page in enumerate(pages, start=1 + len(PROCEDURES)):
        text, citation = page.pop("text"), {name: page.pop(name) for name in ("source", "statement")}
        page |= {"summary": text, "author": SAMPLE_AUTHOR, "position": position}
        page["sections"] = [
            {"kind": kind, "heading": section["heading"], "body": text if kind == SectionKind.WHY else ""}
            for kind, section in outline.items()
        ]
        page["citations"] = [citation | {"section": SectionKind.WHY}]
    return pages


def _create_page(model: type[Page], content: dict[str, Any], sources: dict[str, Source]) -> Page:
    parts = {key: content.pop(key, []) for key in PARTS}
    page = model._default_manager.create(**_one_per_line(content))
    for key, part in PARTS.items():
        part._default_manager.bulk_create(
            part(page=page, position=position, **_part_fields(fields, sources))
            for position, fields in enumerate(parts[key], start=1)
        )
    return page


def _part_fields(fields: dict[str, Any], sources: dict[str, Source]) -> dict[str, Any]:
    fields = _one_per_line(fields)
    if "source" in fields:
        fields["source"] = sources[fields["source"]]
    return fields


def _one_per_line(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: "\n".join(value) if isinstance(value, list) else value for name, value in fields.items()}
