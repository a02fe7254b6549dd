"""The sample content of a new site: complete, marked as a sample, and never over what staff wrote."""

import io
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.test import Client
from msgspec.structs import replace

from clinic_site.clinic.models import ClinicProfile
from consultations.models import PrivacyNotice
from procedures.models import (
    Disclaimer,
    Overview,
    Page,
    PlainWord,
    Practitioner,
    Procedure,
    Publication,
    Source,
)
from procedures.publishing import drafts
from procedures.publishing.checks import publication_problems
from procedures.publishing.documents import PageDocument
from tests.factories import a_document
from tests.pages import read

pytestmark = pytest.mark.django_db


def load() -> str:
    said = io.StringIO()
    call_command("load_sample_content", stdout=said)
    return said.getvalue()


def everything() -> dict[str, list[dict[str, Any]]]:
    names = ("core", "accounts", "clinic", "mail", "procedures", "consultations")
    return {
        model._meta.label: list(model._default_manager.order_by("pk").values())
        for name in names
        for model in apps.get_app_config(name).get_models()
    }


def test_load_creates_pages_people_and_clinic() -> None:
    load()
    assert Overview.objects.count() == 1
    assert list(Procedure.objects.values_list("title", flat=True)) == [
        "Microvascular Surgery",
        "Nerve Repair",
        "Replantation",
        "Tumor Removal",
    ]
    assert Publication.objects.live().count() == 5
    assert Practitioner.objects.exists()
    assert PlainWord.objects.exists()
    assert ClinicProfile.current()
    assert PrivacyNotice.objects.exists()


def test_load_is_idempotent() -> None:
    assert "5 created" in load()
    before = everything()
    assert all("kept as" in sentence for sentence in load().splitlines())
    assert everything() == before


def test_load_keeps_existing_shared_content() -> None:
    load()
    Procedure.objects.update(summary="Written by staff.")
    Page.objects.update(title="Staff's own title")
    Practitioner.objects.all().delete()
    Disclaimer.objects.update(body="Staff's own.")
    PlainWord.objects.all().delete()
    ClinicProfile.objects.update(name="A Real Clinic", is_sample=False)
    before = everything()
    load()
    assert everything() == before


def test_load_skips_sites_with_pages() -> None:
    Procedure.objects.create(slug="ours", title="Ours", menu_label="Ours", summary="…", description="…")
    ClinicProfile.objects.create(name="A Real Clinic")
    load()
    assert Page.objects.count() == 1
    assert Publication.objects.count() == 0
    assert not Practitioner.objects.exists()
    assert ClinicProfile.objects.get().name == "A Real Clinic"


def test_sample_content_has_no_real_data() -> None:
    load()
    clinic = ClinicProfile.current()
    assert clinic and clinic.is_sample
    assert "ample" in clinic.name
    for person in Practitioner.objects.all():
        assert person.is_sample
        assert "Sample" in person.name
        assert "SAMPLE" in person.registration_number
    for publication in Publication.objects.all():
        assert PageDocument.from_json(publication.document).is_sample


def test_sample_pages_say_that_they_are_samples(client: Client) -> None:
    load()
    for publication in Publication.objects.live():
        page = read(client.get(publication.get_absolute_url()))
        top = page.one("header", class_="top").text
        assert "This is a sample site." in top
        assert "This page is sample content. No clinician of this clinic has reviewed it." in top
        assert "Not yet reviewed" in page.main.text


def test_sample_pages_pass_the_publication_checks() -> None:
    """All that the gate still wants of it is the signature."""
    load()
    signature = a_document()
    for page in Page.objects.all():
        document = drafts.read_draft(page, "en").signed(
            version=signature.version,  # type: ignore[arg-type]
            review=signature.review,
        )
        assert publication_problems(document) == (), page


def test_replantation_starts_with_first_aid(client: Client) -> None:
    load()
    page = read(client.get("/procedures/replantation/"))
    first = page.main.all("section")[0]
    assert first.get("id") == "emergency"
    assert first.one("a", href="tel:1122")
    for words in ("Press firmly", "Wrap the cut-off part", "Do not freeze", "ice and water"):
        assert words in first.text
    steps = [item.one("h3").text for item in page.main.one(id="steps").one("ol").all("li")]
    assert steps[:3] == ["First Aid", "Rescue 1122", "Emergency Assessment"]


def test_sample_sources_are_cited_and_shown(client: Client) -> None:
    load()
    unused = [
        source.key
        for source in Source.objects.all()
        if not source.citations.exists() and not Page.objects.filter(keyfacts__source=source).exists()
    ]
    assert unused == []
    for publication in Publication.objects.live():
        page = read(client.get(publication.get_absolute_url()))
        assert page.main.one("ol", class_="sources").all("li")


@pytest.mark.parametrize(
    ("slug", "words"),
    [
        # The review says that fewer than half regain good feeling or movement, not how many regain little.
        ("nerve-repair", "Little or no recovery"),
        # The leaflets say that the bone is shortened, not by how much.
        ("replantation", "a little"),
        # No source of that page says how strength returns, nor that some need more surgery later.
        ("microvascular-surgery", "strength"),
        ("microvascular-surgery", "need more surgery"),
    ],
)
def test_sample_pages_avoid_unsupported_claims(slug: str, words: str) -> None:
    load()
    document = drafts.read_draft(Procedure.objects.get(slug=slug), "en")
    shown = [document.summary, *(section.body for section in document.sections)]
    shown += [line for section in document.sections for line in document.lines_of(section.kind)]
    assert [line for line in shown if words in line] == []


def test_page_headers_do_not_call_the_form_a_consultation(client: Client) -> None:
    """Patients take an online form for the consultation itself: what leads there says what it is."""
    load()
    links = read(client.get("/")).one("header").all("a", href="/consultation/")
    assert links
    assert all(link.text.startswith("Request a consultation") for link in links)


LONGEST = {"overview": (900, 1300), "procedure": (700, 1100)}


def test_sample_pages_have_a_readable_length() -> None:
    """Words between the title and the trust record."""
    load()
    for page in Page.objects.all():
        document = drafts.read_draft(page, "en")
        texts = [document.summary]
        for section in document.shown_sections:
            if section.kind != "faqs":  # folded on the page
                texts += [section.heading, section.body, *document.lines_of(section.kind)]
        fewest, most = LONGEST[document.kind]
        words = len(" ".join(texts).split())
        assert fewest <= words <= most, f"{page}: {words} words"


def test_sample_pages_promise_no_result() -> None:
    load()
    for page in Page.objects.all():
        text = drafts.read_draft(page, "en").to_json().lower()
        for word in ("guarantee", "100%", "painless", "world-class", "state-of-the-art", "best surgeon"):
            assert word not in text, f"{page} says {word}"


def test_sample_spelling_is_american() -> None:
    load()
    for page in Page.objects.all():
        # The titles of others' publications stay as they are.
        text = replace(drafts.read_draft(page, "en"), sources=()).to_json().lower()
        for word in ("anaesth", "tumour", "minimis", "customis", "colour", "haemo", "centimetre"):
            assert word not in text, f"{page} says {word}"
