"""Search of what patients can read, in Python (ADR 43)."""

import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext, gettext_noop, override
from django.views.decorators.http import require_safe

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.languages import active_language
from clinic_site.core.http.responses import private_no_cache
from clinic_site.core.text import plain_line, words
from procedures.models import Practitioner, Publication
from procedures.publishing.documents import PageDocument

MAX_LENGTH = 100
MAX_WORDS = 8
MAX_RESULTS = 10
# The weight of a word in the names of a page, in its headings and summary, and in its text.
NAME, HEADING, TEXT = 10, 4, 1
# Words that questions and every page contain, in English, Roman Urdu and Urdu. Folded; an apostrophe ends a
# word.
STOP_WORDS = frozenset(
    words(
        """
        a about after an and any are at be but by can could did do does for from had has have how i if in is
        it its many me much my need not of on or should so that the their them there they this to was what
        when where which who why will with you your

        aur gai gaya gaye gayi hai hain ho hua hui ka kab kahan kaise kare karen karna ke ki ko kya
        kyun mein mera mere meri mujhe nahi nahin par raha rahi se tha thi wala

        آپ اپنا اپنی اپنے اس ان اور اگر ایک بھی پر تک تو تھا تھی تھے جائے جب جس جو جیسے رہا رہی رہے سے کا کب
        کتنا کتنی کتنے کر کرنا کرے کریں کس کہ کہاں کو کون کوئی کی کیا کیسے کیوں کے گا گئی گئے گی گیا گے لیے
        لئے مجھے میرا میری میرے میں نہ نہیں نے وہ والا والی والے ہم ہو ہوا ہوئی ہوئے ہوتا ہوتی ہوتے ہوں ہی ہے
        ہیں یا یہ چاہیے
        """
    )
)
# What people type when a part is cut off. It finds the page with first aid.
EMERGENCY_WORDS = """
    accident ambulance amputated amputation crushed cut injured injury severed
    انگلی ہاتھ بازو کٹ خون زخم حادثہ
"""
# Each line is one word as patients type it: in English, in Roman Urdu, in Urdu. Any of them finds the others.
# Endings need no word of their own: انگلی finds انگلیاں.
EQUIVALENTS = """
    accident hadsa haadsa حادثہ
    address pata پتہ پتا
    ambulance ایمبولینس
    anesthesia behoshi بےہوشی بیہوشی
    arm bazu bazoo baazu بازو
    artery شریان
    bathe bath shower nahana نہانا
    blood bleeding khoon khun خون
    bone haddi haddee ہڈی
    cancer kainsar کینسر
    child bacha bachcha bachay بچہ بچے
    cost price fee kharcha kharch فیس خرچہ خرچ قیمت
    cut chopped kat kata kati kaat katna کٹ کٹا کٹی کٹے کٹنا
    doctor surgeon daktar ڈاکٹر سرجن
    dressing bandage patti پٹی
    drive driving gari gaari گاڑی
    fasting ramadan roza rozay روزہ روزے رمضان
    fever bukhar بخار
    finger ungli ungly unglian ungliyan انگلی
    flap فلیپ
    foot paon paaon پاؤں
    graft گرافٹ
    hand hath haath haat ہاتھ
    ice baraf barf برف
    infection انفیکشن
    join reattach jorna jodna جوڑنا
    leg tang taang ٹانگ
    medicine dawa dawai دوا دوائی
    microsurgery مائیکروسرجری
    naswar نسوار
    nerve nas nass asaab نس نسیں نرو اعصاب
    numb numbness sun sunn سن
    operation operate surgery opration آپریشن سرجری
    pain dard درد
    physiotherapy therapy therapist فزیوتھراپی
    pray prayer namaz نماز
    pregnant pregnancy hamila حاملہ حمل
    pus peep پیپ
    scar nishan نشان
    skin jild khaal جلد کھال
    smoking smoke cigarette sigret سگریٹ تمباکو
    stitch stitches tanka tanke taanke ٹانکا ٹانکے
    sugar diabetes شوگر ذیابیطس
    swelling sojan sujan سوجن
    thumb angutha angootha انگوٹھا
    tingling jhunjhunahat sansanahat جھنجھناہٹ سنسناہٹ
    tumor lump rasoli rasauli rasooli gilti ganth رسولی گلٹی گانٹھ
    vein ورید
    vessel rag رگ نالی
    weak weakness kamzor kamzori کمزور کمزوری
    work kaam کام
    wound injury injured zakhm zakhmi chot زخم زخمی چوٹ
    wudu wuzu wazu وضو
"""
SURGEON_WORDS = gettext_noop("surgeon doctor")
# The names of pages that are not published documents: title, summary, other words, name of the address.
FIXED_PAGES = (
    (
        gettext_noop("Clinic and opening hours"),
        gettext_noop("Where the clinic is, when it is open and how to reach it."),
        gettext_noop("address map directions parking phone WhatsApp email fees cost price license complaint"),
        "clinic",
    ),
    (
        gettext_noop("Request a consultation"),
        gettext_noop("Tell us what happened. We’ll contact you to arrange a consultation with a surgeon."),
        gettext_noop("appointment booking visit second opinion doctor"),
        "consultations:request",
    ),
)


@dataclass(frozen=True)
class Entry:
    """One page in the index. ``weights`` has the weight of each of its folded words."""

    title: str
    summary: str
    url: str
    weights: dict[str, int]
    language: str = ""


def _entry(
    title: str,
    summary: str,
    url: str,
    *,
    names: str,
    headings: str = "",
    text: str = "",
    language: str = "",
) -> Entry:
    weights: dict[str, int] = {}
    for weight, passage in ((TEXT, text), (HEADING, f"{headings} {summary}"), (NAME, f"{title} {names}")):
        terms = _terms(passage)
        # مائیکرو سرجری is also مائیکروسرجری.
        terms += SAME.keys() & map("".join, pairwise(terms))
        weights |= dict.fromkeys(terms, weight)
    return Entry(title, summary, url, weights, language)


def _terms(text: str) -> list[str]:
    """Return the folded words of a text, without stop words and the "s" of a plural."""
    found = (word for word in words(text) if len(word) > 1 and word not in STOP_WORDS)
    return [re.sub(r"(?<=[a-z]{3})(?<!s)s$", "", word) for word in found]


# Each word of the equivalents, with its line.
SAME = {word: {*line} for line in map(_terms, EQUIVALENTS.splitlines()) for word in line}


@lru_cache(maxsize=256)
def _index(document: str, language: str) -> tuple[Entry, ...]:
    """Return the entries of a published document, which never changes, with addresses in a language."""
    page = PageDocument.from_json(document)
    found = [_page_entry(page.without_answers() if page.kind == "overview" else page)]
    if page.kind == "overview" and (answers := page.answers_alone()):
        found.append(_page_entry(answers))
    return tuple(found)


def _page_entry(page: PageDocument) -> Entry:
    sections = page.shown_sections
    headings = [page.description, page.body_location, *(section.heading for section in sections)]
    if page.first_aid:
        headings += page.first_aid.lines
    text = [line for section in sections for line in (section.body, *page.lines_of(section.kind))]
    return _entry(
        page.title,
        page.summary,
        page.get_absolute_url(),
        language=page.language,
        names=" ".join(
            (
                # The address is in English in every language.
                *(page.plain_name, page.door, page.menu_label, page.slug, *page.alternate_names),
                EMERGENCY_WORDS if page.kind == "emergency" else "",
            )
        ),
        headings=" ".join(headings),
        text=" ".join((*text, *(f"{fact.label} {fact.value}" for fact in page.key_facts))),
    )


def entries(clinic: ClinicProfile | None) -> list[Entry]:
    """Return everything that can be found, first aid first. Two queries."""
    # The kinds in the order of their names: emergency, overview, procedure.
    live = Publication.objects.live_for(active_language()).order_by("page__kind", "page__position", "page")
    documents = live.values_list("document", flat=True)
    return [
        *(entry for document in documents for entry in _index(document, active_language())),
        *map(_surgeon_entry, Practitioner.objects.active()),
        *_fixed_entries(clinic),
    ]


def _in_every_language(*texts: str) -> str:
    """Return the translations of these texts: a word in any language finds the page."""
    found: list[str] = []
    for code, _name in settings.LANGUAGES:
        with override(code):
            found += map(gettext, texts)
    return " ".join(found)


def _surgeon_entry(surgeon: Practitioner) -> Entry:
    about = " ".join((surgeon.qualifications, surgeon.languages, surgeon.training, surgeon.biography))
    return _entry(
        surgeon.name,
        surgeon.specialty,
        surgeon.get_absolute_url(),
        names=f"{_in_every_language(SURGEON_WORDS)} {surgeon.slug}",
        text=about,
        # A text that staff have translated has a language of its own.
        language=getattr(surgeon.name, "language", settings.LANGUAGE_CODE),
    )


def _fixed_entries(clinic: ClinicProfile | None) -> Iterator[Entry]:
    about = ("name", "address", "city", "directions", "parking", "fees")
    for title, summary, names, address in FIXED_PAGES:
        yield _entry(
            gettext(title),
            gettext(summary),
            reverse(address),
            names=_in_every_language(title, names),
            text=" ".join(getattr(clinic, field, "") for field in about) if address == "clinic" else "",
        )


def understand(wanted: list[str], index: list[Entry]) -> list[str]:
    """Replace each word that no page has: with its halves if pages have them, or with a similar word."""
    vocabulary = {term for entry in index for term in entry.weights}
    understood: list[str] = []
    for word, forms in zip(wanted, _all_forms(wanted, vocabulary), strict=True):
        understood += [word] if forms else _halves(word, vocabulary) or [_nearest(word, vocabulary)]
    return understood


def find(wanted: list[str], index: list[Entry]) -> list[Entry]:
    """Return the entries that have the most of these words, the best match first."""
    vocabulary = {term for entry in index for term in entry.weights}
    forms = _all_forms(wanted, vocabulary)
    scores = [[_score(entry, form) for form in forms] for entry in index]
    most = max((sum(map(bool, score)) for score in scores), default=0)
    found = [pair for pair in zip(scores, index, strict=True) if most and sum(map(bool, pair[0])) == most]
    return [entry for _scores, entry in sorted(found, key=lambda pair: -sum(pair[0]))][:MAX_RESULTS]


def _score(entry: Entry, forms: dict[str, float]) -> float:
    return max((entry.weights.get(term, 0) * share for term, share in forms.items()), default=0)


def _all_forms(wanted: list[str], vocabulary: set[str]) -> list[dict[str, float]]:
    """Return the terms that each word matches, by itself or joined to the word beside it."""
    found = [_forms(word, vocabulary) for word in wanted]
    for (one, other), (before, after) in zip(pairwise(found), pairwise(wanted), strict=True):
        joined = _exact(before + after, vocabulary)
        one |= joined
        other |= joined
    return found


def _forms(word: str, vocabulary: set[str]) -> dict[str, float]:
    """Return the terms that a word matches: 1 for itself, half for others, such as bleeding for bleed."""
    same = SAME.get(word, {word})
    starts = {each[:3] for each in same}
    forms = {
        term: 0.5 for term in vocabulary if term[:3] in starts and any(_similar(each, term) for each in same)
    }
    return forms | _exact(word, vocabulary)


def _exact(word: str, vocabulary: set[str]) -> dict[str, float]:
    return dict.fromkeys(SAME.get(word, {word}) & vocabulary, 1)


def _similar(word: str, term: str) -> bool:
    """Return whether a word begins a term or differs only at its end."""
    stem = max(4, len(word) - 3, len(term) - 3)
    return (len(word) > 2 and term.startswith(word)) or term[:stem] == word[:stem]


def _halves(word: str, vocabulary: set[str]) -> list[str]:
    """Return the two words that were written as one, or none."""
    pairs = ([word[:middle], word[middle:]] for middle in range(2, len(word) - 1))
    return next((pair for pair in pairs if vocabulary.issuperset(pair)), [])


def _nearest(word: str, vocabulary: set[str]) -> str:
    """Return the term that was probably meant by a misspelled word, or the word itself."""
    known = vocabulary.union(each for each, same in SAME.items() if same & vocabulary)
    similar = difflib.get_close_matches(word, known, n=1, cutoff=0.8) if len(word) > 4 else []
    return similar[0] if similar else word


@private_no_cache
@require_safe
def search(request: HttpRequest) -> HttpResponse:
    typed = plain_line(request.GET.get("q", "")[: 2 * MAX_LENGTH])
    text, clinic = typed[:MAX_LENGTH], ClinicProfile.current()
    wanted = list(dict.fromkeys(_terms(text)))[:MAX_WORDS]
    index = entries(clinic) if wanted else []
    understood = understand(wanted, index)
    context: dict[str, Any] = {
        "text": text,
        "is_shortened": typed != text,
        "corrections": " ".join(term for term in understood if term not in wanted),
        "results": find(understood, index),
        "clinic": clinic,
    }
    return render(request, "procedures/public/search.html", context)
