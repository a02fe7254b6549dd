"""Plain-language report of a page: reading grade, long sentences, words to avoid, promises.

The grade is the Flesch-Kincaid grade (Kincaid and others, 1975): readers aged 13 to 14 read grade 8 with
ease. Only full sentences count, without Markdown: headings, names and short items of lists would hide long
sentences. The emergency text has a limit of its own, and is left out of the page’s grade.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import syllapy
from django.utils.translation import gettext as _

from clinic_site.core.markdown import plain_blocks
from procedures.models import PlainWord, SectionKind
from procedures.publishing.documents import PageDocument

MAX_GRADE = 8
MAX_EMERGENCY_GRADE = 5
MAX_WORDS_PER_SENTENCE = 20
# With fewer words the formula is unreliable.
MIN_WORDS_FOR_GRADE = 30

_IN_BRACKETS = re.compile(r"\([^()]*\)")
_WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")
# Variants of one character: "pain‑free" may be written with any of several hyphens.
_ALIKE = str.maketrans(dict.fromkeys("‐‑‒–−", "-") | dict.fromkeys("‘’ʼ＇", "'") | {"\u00ad": ""})
_FULL = re.compile(r"[.!?][\"'”’)]*$")
_ABBREVIATIONS = ("dr", "mr", "mrs", "ms", "prof", "e.g", "i.e", "vs", "no")
_SENTENCE_END = re.compile(
    "".join(rf"(?<!(?i:\b{re.escape(short)})\.)" for short in _ABBREVIATIONS)
    + r"(?<=[.!?])[\"'”’)]*\s+(?=[\"'“‘(]?[A-Z0-9])"
)


@dataclass(frozen=True)
class Finding:
    """One thing to improve: the words found, and what to do about them."""

    words: str
    advice: str
    is_promise: bool = False


@dataclass(frozen=True)
class Passage:
    """The text of one section: each paragraph, heading or list item is a line."""

    label: str
    lines: tuple[str, ...]
    highest: int = MAX_GRADE

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return tuple(sentence for line in self.lines for sentence in sentences(line) if sentence)

    @property
    def grade(self) -> float | None:
        return grade(self.full_sentences)

    @property
    def full_sentences(self) -> list[str]:
        """The sentences that end with a period or the like; headings, names and list items often don't."""
        return [sentence for sentence in self.sentences if _FULL.search(sentence)]


@dataclass(frozen=True)
class SectionReport:
    """``grade`` is None if there are too few words, or the text is not English."""

    label: str
    grade: float | None
    findings: tuple[Finding, ...]
    highest: int = MAX_GRADE

    @property
    def is_too_hard(self) -> bool:
        return self.grade is not None and self.grade > self.highest

    @property
    def promises(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.is_promise)


@dataclass(frozen=True, kw_only=True)
class Report(SectionReport):
    """The grade and all findings of a page, and a report of each section."""

    sections: tuple[SectionReport, ...]

    @property
    def needs_work(self) -> bool:
        return bool(self.is_too_hard or self.promises)


def measure(document: PageDocument, words: Iterable[PlainWord]) -> Report:
    """Measure a page against the words to avoid."""
    listed = [(_pattern(word.word), word) for word in words]
    found, is_english = list(passages(document)), document.language == "en"
    sections = [
        SectionReport(
            label=passage.label,
            grade=passage.grade if is_english else None,
            findings=(*_long_sentences(passage), *_listed_words(passage, listed)),
            highest=passage.highest,
        )
        for passage in found
    ]
    # Menus, links and search results are not prose: no grade, but no promises either.
    links = (document.description, document.menu_label, *document.alternate_names)
    in_links = Passage(_("Description, menu and other names"), links)
    promises = tuple(finding for finding in _listed_words(in_links, listed) if finding.is_promise)
    sections.append(SectionReport(label=in_links.label, grade=None, findings=promises))
    prose = [one for passage in found if passage.highest == MAX_GRADE for one in passage.full_sentences]
    return Report(
        label=document.title,
        grade=grade(prose) if is_english else None,
        findings=tuple(finding for section in sections for finding in section.findings),
        sections=tuple(sections),
    )


def grade(measured: Iterable[str]) -> float | None:
    """Return the Flesch-Kincaid grade, to one decimal; None below ``MIN_WORDS_FOR_GRADE`` words."""
    found = [words for words in map(words_of, measured) if words]
    count = sum(map(len, found))
    if count < MIN_WORDS_FOR_GRADE:
        return None
    # syllapy returns 0 for what it cannot count, mostly numbers: 1, as in the authors' formula.
    syllables = sum(syllapy.count(word) or 1 for words in found for word in words)
    return round(max(0.0, 0.39 * count / len(found) + 11.8 * syllables / count - 15.59), 1)


def sentences(line: str) -> list[str]:
    """Split a paragraph, heading or list item into sentences."""
    return _SENTENCE_END.split(line)


def words_of(sentence: str) -> list[str]:
    """Return the words of a sentence in lower case. A number is a word."""
    return _WORD.findall(sentence.lower().replace("’", "'"))


def _long_sentences(passage: Passage) -> Iterator[Finding]:
    for sentence in passage.sentences:
        count = len(words_of(sentence))
        if count > MAX_WORDS_PER_SENTENCE:
            advice = _("%(count)d words: split this sentence.") % {"count": count}
            yield Finding(words=sentence, advice=advice)


def _listed_words(passage: Passage, listed: list[tuple[re.Pattern[str], PlainWord]]) -> Iterator[Finding]:
    text = _alike("\n".join(passage.lines))
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
    title = (document.title, document.plain_name, document.summary, document.body_location)
    yield Passage(_("Title and summary"), title)
    if document.key_facts:
        yield Passage(_("Key facts"), tuple(words for fact in document.key_facts for words in fact.words))
    for section in document.shown_sections:
        lines = [section.heading, *plain_blocks(section.body)]
        for part in document.parts_in(section.kind):
            lines += [block for words in part.words for block in plain_blocks(words)]
        label = section.heading or str(SectionKind(section.kind).label)
        is_emergency = section.kind == SectionKind.EMERGENCY
        yield Passage(label, tuple(lines), MAX_EMERGENCY_GRADE if is_emergency else MAX_GRADE)
    if document.first_aid:
        yield Passage(_("Signs and first aid"), document.first_aid.lines, MAX_EMERGENCY_GRADE)
    if document.photo:
        yield Passage(_("Photograph"), (document.photo.alt,))
    if document.sources:
        # A statement that supports several sections is measured once.
        statements = [statement.text for source in document.sources for statement in source.statements]
        yield Passage(_("What the sources support"), tuple(dict.fromkeys(statements)))
    if disclaimer := document.disclaimer:
        yield Passage(_("Disclaimer"), (disclaimer.heading, *plain_blocks(disclaimer.body)))
