"""Reading a draft into a document and writing it back."""

from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, transaction
from django.template.loader import get_template
from msgspec.structs import replace

from procedures.models import (
    PARTS,
    Disclaimer,
    Emergency,
    Overview,
    Page,
    Part,
    Photo,
    Procedure,
    Source,
)
from procedures.publishing import documents, drafts
from procedures.publishing.documents import PageDocument
from tests.conftest import query_count
from tests.factories import a_disclaimer, a_procedure, a_source, an_emergency_text, an_overview, published

pytestmark = pytest.mark.django_db


# The fields that the row and the document have under one name.
FIELDS: dict[str, Any] = {
    "slug": "nerve-repair",
    "title": "Nerve Repair",
    "plain_name": "reconnecting a damaged nerve",
    "menu_label": "Nerves",
    "door": "Numb after a cut",
    "summary": "Two plain sentences.",
    "description": "For search engines.",
    "author": "The clinic",
    "drawing": "nerve",
    "urgency": "both",
    "body_location": "Arm",
    "show_in_form": False,
}


@pytest.fixture
def procedure() -> Procedure:
    """A draft without parts."""
    return Procedure.objects.create(**FIELDS, alternate_names="Neurorrhaphy, , Nerve suture ")


def test_read_draft_reads_the_fields_of_the_row(procedure: Procedure) -> None:
    procedure.photo = Photo.objects.create(digest="a" * 32, width=800, height=600, widths=[480, 800])
    procedure.photo_alt = "A microscope"
    procedure.save()
    assert drafts.read_draft(procedure, "en") == PageDocument(
        kind="procedure",
        language="en",
        **FIELDS,
        alternate_names=("Neurorrhaphy", "Nerve suture"),
        photo=documents.Photo("a" * 32, width=800, height=600, widths=(480, 800), alt="A microscope"),
        **{name: () for name, part in PARTS.items() if part.Frozen},
        has_own_steps=False,
        sources=(),
        disclaimer=None,
    )
    assert drafts.read_draft(Page.objects.get(pk=procedure.pk), "en").slug == "nerve-repair"


def test_read_draft_of_the_overview_has_no_field_of_a_procedure() -> None:
    document = drafts.read_draft(an_overview(), "en")
    assert document.kind == "overview"
    assert document.slug == document.plain_name == document.menu_label == document.urgency == ""
    assert not document.show_in_form


def test_read_draft_reads_the_parts_of_the_page_in_order(procedure: Procedure) -> None:
    """How each kind of part is read, tests/procedures/publishing/test_round_trip.py shows."""
    a_procedure().risks.create(name="Of another page", body="…")
    procedure.risks.create(name="Bleeding", medical_term="Hemorrhage", body="A little.", frequency="serious")
    procedure.carecards.create(level="urgent", heading="Call if:", items="pus\n\n  fever  \n")
    for title, position in (("third", 5), ("first", 1), ("fourth", 5), ("second", 2)):
        procedure.steps.create(title=title, body="…", position=position)
    document = drafts.read_draft(procedure, "en")
    assert [step.title for step in document.steps] == ["first", "second", "third", "fourth"]
    assert document.risks == (
        documents.Risk(name="Bleeding", medical_term="Hemorrhage", body="A little.", frequency="serious"),
    )
    assert document.care_cards == (
        documents.CareCard(level="urgent", heading="Call if:", items=("pus", "fever")),
    )


def test_read_draft_numbers_sources_by_first_use(procedure: Procedure) -> None:
    one, two, three = (a_source(key) for key in ("one", "two", "three"))
    procedure.citations.create(source=two, section="why", statement="First.", position=1)
    procedure.citations.create(source=one, section="risks", statement="Second.", position=2)
    procedure.citations.create(source=two, section="risks", statement="Third.", position=3)
    procedure.keyfacts.create(label="A", value="1 hour", source=one, position=1)
    procedure.keyfacts.create(label="B", value="2 days", source=three, position=2)
    procedure.keyfacts.create(label="C", value="Depends", position=3)
    document = drafts.read_draft(procedure, "en")
    assert [source.key for source in document.sources] == ["two", "one", "three"]
    assert [statement.text for statement in document.sources[0].statements] == ["First.", "Third."]
    assert document.sources[2].statements == ()
    assert [fact.source for fact in document.key_facts] == [2, 3, None]


def test_read_draft_of_the_emergency_text_has_first_aid_and_no_disclaimer(procedure: Procedure) -> None:
    Disclaimer.objects.create(heading="Disclaimer", body="Information only.")
    document = drafts.read_draft(procedure, "en")
    assert document.first_aid is None
    assert document.disclaimer == documents.Disclaimer(heading="Disclaimer", body="Information only.")
    emergency = an_emergency_text(signs="one\ntwo", first_aid=" press \n\nlift", tourniquet="Tie.")
    document = drafts.read_draft(emergency, "en")
    assert document.disclaimer is None
    first_aid = documents.FirstAid("Call 1122 if:", ("one", "two"), ("press", "lift"), ("Do not wait.",))
    assert document.first_aid == first_aid, "the line about a tourniquet is switched off"
    Emergency.objects.update(shows_tourniquet=True)
    document = drafts.read_draft(Emergency.objects.get(), "en")
    assert document.first_aid == replace(first_aid, tourniquet="Tie.")


def test_read_draft_takes_steps_of_the_published_overview_unless_it_has_its_own() -> None:
    def steps() -> tuple[list[str], bool]:
        document = drafts.read_draft(procedure, "en")
        return [step.title for step in document.steps], document.has_own_steps

    overview, procedure = an_overview(), a_procedure()
    assert steps() == (["Consultation"], False), "those of its draft, before it is published"
    published(overview)
    overview.steps.create(title="Not signed yet", body="…", position=9)
    assert steps() == (["Consultation"], False)
    drafts.write_draft(procedure, drafts.read_draft(procedure, "en"))
    assert not procedure.steps.exists(), "copied by restoring"
    procedure.steps.create(title="First Aid", body="Press.")
    assert steps() == (["First Aid"], True)


def test_read_draft_query_count_does_not_grow(procedure: Procedure) -> None:
    def read() -> None:
        drafts.read_draft(Procedure.objects.get(pk=procedure.pk), "en")

    source = a_source()
    procedure.citations.create(source=source, section="why", statement="…")
    few = query_count(read)
    for number in range(30):
        procedure.steps.create(title=f"Step {number}", body="…")
        procedure.citations.create(source=a_source(f"source-{number}"), section="why", statement="…")
        procedure.keyfacts.create(label=f"Fact {number}", value="…", source=source)
    assert query_count(read) <= few


# Writing back


def test_write_draft_restores_every_sample_page(sample_site: None) -> None:
    for page in Page.objects.all():
        document = drafts.read_draft(page, "en")
        for part in PARTS.values():
            part._default_manager.filter(page=page).delete()
        other = dict.fromkeys(("title", "signs_heading", "signs", "first_aid", "warnings"), "Something else")
        Page.objects.filter(pk=page.pk).update(**other, summary="", photo_alt="x", drawings="")
        drafts.write_draft(page, document)
        assert drafts.read_draft(Page.objects.get(pk=page.pk), "en") == document


def test_write_draft_keeps_shared_content_and_recreates_deleted_sources() -> None:
    a_disclaimer()
    procedure = a_procedure()
    document = drafts.read_draft(procedure, "en")
    Disclaimer.objects.update(body="Newer.")
    Source.objects.update(title="Corrected title")
    drafts.write_draft(procedure, document)
    assert Disclaimer.objects.get().body == "Newer."
    assert Source.objects.get().title == "Corrected title"
    procedure.citations.all().delete()
    Source.objects.all().delete()
    drafts.write_draft(procedure, document)
    assert drafts.read_draft(procedure, "en").sources == document.sources


def test_write_draft_does_not_take_another_procedures_address() -> None:
    procedure = a_procedure("wanted")
    document = drafts.read_draft(procedure, "en")
    procedure.slug = "left"
    procedure.save()
    a_procedure("wanted")
    drafts.write_draft(procedure, document)
    assert Procedure.objects.get(pk=procedure.pk).slug == "left"


# The tables


def test_second_overview_or_emergency_text_is_refused_by_the_form() -> None:
    an_overview()
    an_emergency_text()
    for model in (Overview, Emergency):
        with pytest.raises(Exception, match="There is one already"):
            model(title="Second", summary="…", description="…").full_clean()


def test_database_constrains_each_kind_of_page() -> None:
    overview, procedure = an_overview(), a_procedure("taken")
    for refused in (
        lambda: Overview.objects.create(title="Second"),
        lambda: (an_emergency_text(), an_emergency_text()),
        lambda: Procedure.objects.create(slug="taken", plain_name="a", menu_label="b"),
        lambda: Procedure.objects.create(slug="", plain_name="a", menu_label="b"),
        lambda: Procedure.objects.create(slug="new", plain_name="a", menu_label=""),
        lambda: Overview.objects.update(slug="address"),
        lambda: Page.objects.update(kind="other"),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            refused()
    assert list(Overview.objects.all()) == [overview]
    assert list(Procedure.objects.all()) == [procedure]
    assert Page.objects.count() == 2


def test_every_kind_of_part_is_declared_completely() -> None:
    assert set(PARTS.values()) == {model for model in apps.get_models() if issubclass(model, Part)}
    for name, part in PARTS.items():
        if part.Frozen is None:
            continue
        assert name in PageDocument.__struct_fields__
        assert {field.name for field in part._meta.fields} >= set(part.Frozen.__struct_fields__)
        if part.shown_in:
            get_template(f"procedures/public/sections/{part.shown_in}.html")
