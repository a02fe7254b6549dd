"""Plain-language report of a page: reading grade, long sentences, words to avoid, promises.

The grade is the Flesch-Kincaid grade (Kincaid and others, 1975): readers aged 13 to 14 read grade 8 with
ease. It measures the text as read: without Markdown, each heading and list item as a sentence.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import syllapy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.core import toml_files
from clinic_site.core.markdown import plain_blocks
from procedures.models import PlainWord, SectionKind
from procedures.publishing.documents import PageDocument

WORDS_FILE = Path(__file__).parents[1] / "content" / "plain_words.toml"

MAX_GRADE = 8
MAX_EMERGENCY_GRADE = 6
MAX_WORDS_PER_SENTENCE = 20
# With fewer words the formula is unreliable.
MIN_WORDS_FOR_GRADE = 30

_IN_BRACKETS = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
_ABBREVIATIONS = ("dr", "mr", "mrs", "ms", "prof", "e.g", "i.e", "vs", "no")
# Variants of one character: "pain‑free" may be written with any of several hyphens.
_ALIKE = str.maketrans(dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("‘’ʼ＇", "'") | {"\u00ad": ""})
_SENTENCE_END = re.compile(r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9])")


@dataclass(frozen=True)
class Finding:
    """One thing to improve: the words found, and what to do about them."""

    words: str
    advice: str
    is_promise: bool = False


@dataclass(frozen=True)
class Passage:
    """The text of one section: each paragraph, heading or list item is a line."""

    key: str
    label: str
    lines: tuple[str, ...]

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return tuple(sentence for line in self.lines for sentence in sentences(line))

    @property
    def text(self) -> str:
        return "\n".join(self.lines)


@dataclass(frozen=True)
class SectionReport:
    """``grade`` is None if the section has too few words or is not English."""

    label: str
    grade: float | None
    highest: int
    findings: tuple[Finding, ...]

    @property
    def is_too_hard(self) -> bool:
        return self.grade is not None and self.grade > self.highest


@dataclass(frozen=True)
class Report:
    """The grade of the whole page, and a report of each section."""

    grade: float | None
    sections: tuple[SectionReport, ...]
    highest: int = MAX_GRADE

    @property
    def is_too_hard(self) -> bool:
        return self.grade is not None and self.grade > self.highest

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(finding for section in self.sections for finding in section.findings)

    @property
    def promises(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_promise)

    @property
    def needs_work(self) -> bool:
        return bool(self.is_too_hard or self.promises)

    @property
    def summary(self) -> str:
        """One sentence for the editor who has just saved the page."""
        count = len(self.findings)
        found = [
            ngettext("%(count)d thing to improve", "%(count)d things to improve", count) % {"count": count}
        ]
        if self.grade is not None:
            found.insert(0, _("reading grade %(grade).1f") % {"grade": self.grade})
        if self.promises:
            words = ", ".join(f"“{finding.words}”" for finding in self.promises)
            found.append(_("promises: %(words)s") % {"words": words})
        return _("Plain language: %(found)s.") % {"found": ", ".join(found)}


def measure(document: PageDocument, words: Iterable[PlainWord] | None = None) -> Report:
    """Measure a page against the words to avoid; by default those in the database: one query."""
    words = PlainWord.objects.all() if words is None else words
    listed = [(_pattern(word.word), word) for word in words]
    found = tuple(passages(document))
    is_english = document.language == "en"
    return Report(
        grade=grade(sentence for passage in found for sentence in passage.sentences) if is_english else None,
        sections=(
            *(
                SectionReport(
                    label=passage.label,
                    grade=grade(passage.sentences) if is_english else None,
                    highest=MAX_EMERGENCY_GRADE if passage.key == "emergency" else MAX_GRADE,
                    findings=(*_long_sentences(passage), *_listed_words(passage, listed)),
                )
                for passage in found
            ),
            _in_links(document, listed),
        ),
    )


def _in_links(document: PageDocument, listed: list[tuple[re.Pattern[str], PlainWord]]) -> SectionReport:
    """Look for promises in what menus, links and search engines show. It is not prose: no grade."""
    words = (document.description, document.menu_label, *document.alternate_names)
    passage = _passage("links", _("Description, menu and other names"), *words)
    promises = tuple(finding for finding in _listed_words(passage, listed) if finding.is_promise)
    return SectionReport(label=passage.label, grade=None, highest=MAX_GRADE, findings=promises)


def grade(measured: Iterable[str]) -> float | None:
    """Return the Flesch-Kincaid grade, to one decimal; None below ``MIN_WORDS_FOR_GRADE`` words."""
    found = [words for words in map(words_of, measured) if words]
    count = sum(map(len, found))
    if count < MIN_WORDS_FOR_GRADE:
        return None
    syllables = sum(_syllables(word) for words in found for word in words)
    return round(max(0.0, 0.39 * count / len(found) + 11.8 * syllables / count - 15.59), 1)


def sentences(line: str) -> Iterator[str]:
    """Split a paragraph, heading or list item into sentences."""
    begun = ""
    for piece in _SENTENCE_END.split(line):
        begun = f"{begun} {piece}" if begun else piece
        if not begun.lower().rstrip(".").endswith(tuple(f" {short}" for short in _ABBREVIATIONS)):
            yield begun
            begun = ""
    if begun:
        yield begun


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence in lower case. A number is a word."""
    return _WORD.findall(sentence.lower().replace("’", "'"))


def _syllables(word: str) -> int:
    # syllapy returns 0 for what it cannot count, mostly numbers: 1, as in the authors' formula.
    return syllapy.count(word) or 1


def _long_sentences(passage: Passage) -> Iterator[Finding]:
    for sentence in passage.sentences:
        count = len(words_of(sentence))
        if count > MAX_WORDS_PER_SENTENCE:
            yield Finding(
                words=sentence,
                advice=ngettext(
                    "%(count)d word: split this sentence.",
                    "%(count)d words: split this sentence.",
                    count,
                )
                % {"count": count},
            )


def _listed_words(passage: Passage, listed: list[tuple[re.Pattern[str], PlainWord]]) -> Iterator[Finding]:
    text = _alike(passage.text)
    # A medical term may follow its plain word in brackets: "bleeding (hemorrhage)".
    without_terms = _IN_BRACKETS.sub("", text)
    for pattern, word in listed:
        is_promise = word.kind == PlainWord.Kind.PROMISE
        if not pattern.search(text if is_promise else without_terms):
            continue
        if word.alternative:
            advice = _("Write: %(alternative)s") % {"alternative": word.alternative}
        elif is_promise:
            advice = _("No one can promise this. Say what the aim is, or give a number with its source.")
        else:
            advice = _("Leave it out, or use everyday words.")
        yield Finding(words=word.word, advice=advice, is_promise=is_promise)


def _pattern(words: str) -> re.Pattern[str]:
    spaced = r"\s+".join(re.escape(word) for word in _alike(words).split())
    return re.compile(rf"(?<!\w){spaced}(?!\w)")


def _alike(text: str) -> str:
    return text.translate(_ALIKE).lower()


def passages(document: PageDocument) -> Iterator[Passage]:
    """Return the sections of a page in reading order."""
    words = (document.title, document.plain_name, document.summary, document.body_location)
    yield _passage("title", _("Title and summary"), *words)
    if document.key_facts:
        facts = (f"{fact.label}: {fact.value}" for fact in document.key_facts)
        yield _passage("key_facts", _("Key facts"), *facts)
    for section in document.shown_sections:
        lines = [section.heading, *plain_blocks(section.body), *_parts(document, section.kind)]
        yield _passage(section.kind, section.heading or str(SectionKind(section.kind).label), *lines)
    if document.photo:
        yield _passage("picture", _("Photograph"), document.photo.alt)
    if document.sources:
        statements = (statement.text for source in document.sources for statement in source.statements)
        # A statement that supports several sections is measured once.
        yield _passage("sources", _("What the sources support"), *dict.fromkeys(statements))
    if document.disclaimer:
        disclaimer = document.disclaimer
        yield _passage("disclaimer", _("Disclaimer"), disclaimer.heading, *plain_blocks(disclaimer.body))


def _parts(document: PageDocument, kind: str) -> Iterator[str]:
    """Return the lines of the list that a section of this kind shows under its text."""
    if kind == SectionKind.EMERGENCY and (emergency := document.emergency):
        yield from (emergency.heading, *emergency.signs, *emergency.steps, *emergency.warnings)
    for part in document.parts_in(kind):
        for words in part.words:
            yield from plain_blocks(words)


def _passage(key: str, label: str, *lines: str) -> Passage:
    return Passage(key=key, label=label, lines=tuple(line.strip() for line in lines if line.strip()))


def load_words() -> None:
    """Store the default list of words, unless there are words already."""
    if PlainWord.objects.exists():
        return
    content = toml_files.read(WORDS_FILE)
    PlainWord.objects.bulk_create(
        [
            *(PlainWord(word=word, alternative=plain) for word, plain in content["avoid"].items()),
            *(
                PlainWord(word=word, alternative=plain, kind=PlainWord.Kind.PROMISE)
                for word, plain in content["promise"].items()
            ),
        ]
    )
