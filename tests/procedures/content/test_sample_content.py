"""The sample content of a new site: complete, plain, marked as a sample, and without promises."""

import re
from collections.abc import Iterator

import pytest
from django.test import Client
from msgspec.structs import replace

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, PlainWord, Practitioner, Procedure, Publication, SectionKind, Source
from procedures.publishing import drafts
from procedures.publishing.checks import publication_problems, translation_problems
from procedures.publishing.documents import PageDocument
from procedures.staff import plain_language
from procedures.staff.plain_language import MAX_EMERGENCY_GRADE, MAX_GRADE
from tests.factories import a_document
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_sample_content_has_no_real_data_and_says_that_it_is_a_sample(
    client: Client, sample_world: None
) -> None:
    clinic = ClinicProfile.current()
    assert clinic and clinic.is_sample
    assert "ample" in clinic.name
    for person in Practitioner.objects.all():
        assert person.is_sample
        assert "Sample" in person.name
        assert "SAMPLE" in person.registration_number
    for publication in Publication.objects.live():
        assert PageDocument.from_json(publication.document).is_sample
        if publication.language != "en":
            continue
        page = read(client.get(publication.get_absolute_url()))
        top = page.one("header", class_="top").text
        assert "This is a sample site." in top
        assert "This page is sample content. No clinician of this clinic has reviewed it." in top
        record = page.main.one("section", id="about-this-page")
        assert "Clinical review Not yet reviewed: sample content" in record.text
        assert "Reviewed by" not in record.text and "Next review" not in record.text
        (sources,) = record.all("ol", class_="sources")
        assert sources.all("li")


def test_sample_sources_are_all_cited(sample_world: None) -> None:
    unused = [
        source.key
        for source in Source.objects.all()
        if not source.citations.exists() and not Page.objects.filter(keyfacts__source=source).exists()
    ]
    assert unused == []


def test_sample_sources_have_title_publisher_date_and_address(sample_world: None) -> None:
    assert Source.objects.count() > 70
    for source in Source.objects.all():
        assert source.title and source.publisher, source.key
        assert "(description" not in source.title, source.key
        # A web page without a date has the day on which it was read.
        assert source.year or source.accessed_on, source.key
        assert source.url.startswith(("https://", "http://")), source.key


def test_sample_key_facts_are_facts_with_a_source(sample_world: None) -> None:
    for title, document in published_drafts():
        assert document.key_facts or document.first_aid, title
        for fact in document.key_facts:
            assert fact.source, (title, fact.label)
            assert not re.search(r"\b(ask|depends)\b", fact.value, re.IGNORECASE), (title, fact.label)


def test_outlines_are_unpublished_and_have_two_sentences_with_a_source(sample_world: None) -> None:
    outlines = Procedure.objects.filter(publications=None)
    assert len(outlines) == 9
    for outline in outlines:
        document = drafts.read_draft(outline, "en")
        section = document.section("why")
        assert section and len(plain_language.sentences(section.body)) == 2, outline
        (source,) = document.sources
        assert [statement.section for statement in source.statements] == ["why"], outline
        assert not [problem for problem in publication_problems(document) if problem.field == "citations"]


# What patients ask, and a word of the answer.
TOPICS = "painkillers stitches bathe drive work therapy visits opinion insulin thinners pressure naswar "
TOPICS += "pregnant children transfusion wudu Ramadan Sehat Bring nothing"


def test_common_questions_are_answered_once_and_linked(client: Client, sample_world: None) -> None:
    page = read(client.get("/questions/"))
    answers = page.main.all("details")
    text = " ".join(answer.text for answer in answers)
    assert len(answers) >= 20
    assert [word for word in TOPICS.split() if word not in text] == []
    assert "Panadol" not in read(client.get("/")).text
    # Its sources are with the answers, and only there.
    assert "pain relief following your operation" in page.main.one("ol", class_="sources").text
    assert "pain relief following your operation" not in read(client.get("/")).text
    for publication in Publication.objects.live_for("en").exclude(page__kind="emergency"):
        assert read(client.get(publication.get_absolute_url())).main.all("a", href="/questions/")


def test_replantation_starts_with_first_aid(client: Client, sample_world: None) -> None:
    page = read(client.get("/procedures/replantation/"))
    first = page.main.all("section")[0]
    assert first.get("id") == "emergency"
    assert first.all("a", href="tel:1122")
    for words in ("Press firmly", "Wrap the cut-off part", "Do not freeze", "ice and water"):
        assert words in first.text
    steps = [item.one("h3").text for item in page.main.one(id="steps").one("ol").all("li")]
    assert steps[:3] == ["First Aid", "Rescue 1122", "Emergency Assessment"]


def test_page_headers_do_not_call_the_form_a_consultation(client: Client, sample_world: None) -> None:
    """Patients take an online form for the consultation itself: what leads there says what it is."""
    links = read(client.get("/")).one("header").all("a", href="/consultation/")
    assert links
    assert all(link.text.startswith("Request a consultation") for link in links)


# The words


def sample_drafts() -> dict[str, PageDocument]:
    return {str(page): drafts.read_draft(page, "en") for page in Page.objects.all()}


def published_drafts() -> Iterator[tuple[str, PageDocument]]:
    pages = Page.objects.filter(publications__isnull=False).distinct()
    assert len(pages) == 6
    for page in pages:
        yield str(page), drafts.read_draft(page, "en")


def words_of(document: PageDocument) -> list[str]:
    """The texts between the title and the trust record, without the common questions."""
    texts = [document.summary, *(document.first_aid.lines if document.first_aid else ())]
    for section in document.shown_sections:
        if section.kind == SectionKind.FAQS:
            continue
        texts += [section.heading, section.body, *document.lines_of(section.kind)]
    return texts


def test_sample_pages_pass_the_publication_checks_once_signed(sample_world: None) -> None:
    for title, document in published_drafts():
        signed = replace(document, review=a_document().review)
        assert publication_problems(signed) == (), title


def test_sample_pages_are_translated_in_full_with_the_same_numbers(sample_world: None) -> None:
    for title, english in published_drafts():
        page = Page.objects.get(publications__language="ur", title=title)
        document = replace(drafts.read_draft(page, "ur"), review=a_document().review)
        assert list(translation_problems(english, document, page.texts_in("ur"))) == [], title
    for record in (ClinicProfile.current(), *Practitioner.objects.all()):
        assert record
        translated = record.texts_in("ur")
        assert [text for _field, text in record.texts_to_translate() if text not in translated] == []


UNSUPPORTED = (
    # The review says that fewer than half regain good feeling or movement, not how many regain little.
    ("Nerve Repair", "Little or no recovery"),
    # The leaflets say that the bone is shortened, not by how much.
    ("Replantation", "a little"),
    # No source of that page says how strength returns, nor that some have the flap made thinner later.
    ("Microvascular Surgery", "strength"),
    ("Microvascular Surgery", "made thinner"),
    # Its 418 operations are major reconstructions of all kinds.
    ("Microvascular Surgery", "418 limb"),
    # The abstract of the Pakistani series does not say where in Pakistan.
    ("Replantation", "series from Lahore"),
    # The ambulance service's page does not say that moving a patient is free.
    ("Replantation", "free"),
)
PROMISES = ("guarantee", "100%", "painless", "world-class", "state-of-the-art", "best surgeon")
BRITISH = ("anaesth", "tumour", "minimis", "customis", "colour", "haemo", "centimetre")
# In words, for each kind of page.
LENGTH = {"overview": range(900, 1301), "procedure": range(700, 1101), "emergency": range(200, 301)}


def test_sample_pages_avoid_unsupported_claims_promises_and_british_spelling(sample_world: None) -> None:
    found = sample_drafts()
    for title, words in UNSUPPORTED:
        assert not [line for line in words_of(found[title]) if words in line], (title, words)
    for title, document in found.items():
        text = document.to_json().lower()
        assert not [word for word in PROMISES if word in text], title
        # The titles of others' publications stay as they are.
        text = replace(document, sources=()).to_json().lower()
        assert not [word for word in BRITISH if word in text], title


def test_sample_pages_have_the_length_that_patients_read(sample_world: None) -> None:
    for title, document in published_drafts():
        assert len(" ".join(words_of(document)).split()) in LENGTH[document.kind], title


def test_sample_pages_are_plain_by_our_own_measure(sample_world: None) -> None:
    """Grades 5 to 8: easy, but not choppy. The emergency text is easier still."""
    emergency_grades = []
    answers = drafts.read_draft(Page.objects.get(kind="overview"), "en").answers_alone()
    assert answers
    for title, document in (*published_drafts(), ("common questions", answers)):
        report = plain_language.measure(document, PlainWord.objects.all())
        if document.kind != "emergency":
            assert report.grade is not None and 5 <= report.grade <= MAX_GRADE == 8, (title, report.grade)
        emergency_grades += [
            section.grade for section in report.sections if section.highest == MAX_EMERGENCY_GRADE == 5
        ]
    for title, document in sample_drafts().items():
        assert plain_language.measure(document, PlainWord.objects.all()).promises == (), title
    (grade,) = (grade for grade in emergency_grades if grade is not None)
    assert grade <= MAX_EMERGENCY_GRADE
