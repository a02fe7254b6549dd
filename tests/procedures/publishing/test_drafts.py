"""The working copy, read into the document that patients would be shown of it, and written back."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from procedures.models import Disclaimer, EmergencyText, Overview, Page, Photo, Procedure, Publication, Source
from procedures.publishing import documents, drafts
from procedures.publishing import services as publishing
from procedures.publishing.documents import TitledText
from tests.factories import a_procedure, a_source, an_overview, published, shared_texts

pytestmark = pytest.mark.django_db


@pytest.fixture
def procedure() -> Procedure:
    """With nothing in it but what its own row says."""
    return Procedure.objects.create(
        slug="nerve-repair",
        title="Nerve Repair",
        plain_name="reconnecting a damaged nerve",
        menu_label="Nerves",
        alternate_names="Neurorrhaphy, , Nerve suture ",
        summary="Two plain sentences.",
        description="For search engines.",
        author="The clinic",
        drawing="nerve",
        urgency="both",
        body_location="Arm",
        show_in_form=False,
    )


def test_the_fields_of_its_row_are_the_fields_of_the_document(procedure: Procedure) -> None:
    document = drafts.read(procedure, "en")
    assert (document.kind, document.language, document.slug) == ("procedure", "en", "nerve-repair")
    assert document.title == "Nerve Repair"
    assert document.plain_name == "reconnecting a damaged nerve"
    assert document.menu_label == "Nerves"
    assert document.alternate_names == ("Neurorrhaphy", "Nerve suture")
    assert (document.summary, document.description) == ("Two plain sentences.", "For search engines.")
    assert (document.author, document.drawing, document.urgency) == ("The clinic", "nerve", "both")
    assert (document.body_location, document.show_in_form) == ("Arm", False)
    assert document.review is document.version is document.photo is None


def test_an_empty_page_has_empty_lists_and_nothing_shared(procedure: Procedure) -> None:
    document = drafts.read(procedure, "en")
    assert document.sections == document.steps == document.risks == document.sources == ()
    assert document.emergency is document.disclaimer is None
    assert not document.has_own_steps


def test_the_overview_has_no_field_of_a_procedure() -> None:
    document = drafts.read(an_overview(), "en")
    assert document.kind == "overview"
    assert document.slug == document.plain_name == document.menu_label == document.urgency == ""
    assert not document.show_in_form


def test_it_does_not_matter_whether_it_is_asked_for_a_page_or_for_a_procedure() -> None:
    procedure = a_procedure()
    assert drafts.read(Page.objects.get(pk=procedure.pk), "en") == drafts.read(procedure, "en")


def test_parts_stand_in_their_order_and_among_equals_in_that_of_their_making(procedure: Procedure) -> None:
    for title, position in (("third", 5), ("first", 1), ("fourth", 5), ("second", 2)):
        procedure.steps.create(title=title, body="…", position=position)
    document = drafts.read(procedure, "en")
    assert [step.title for step in document.steps] == ["first", "second", "third", "fourth"]


def test_each_kind_of_part_is_read_whole(procedure: Procedure) -> None:
    procedure.sections.create(kind="why", heading="Why", body="**Because.**")
    procedure.benefits.create(title="Precision", body="Small.")
    procedure.recoverynotes.create(title="First days", body="Rest.")
    procedure.expectations.create(title="Ask", body="Anything.")
    procedure.risks.create(name="Bleeding", medical_term="Hemorrhage", body="A little.", frequency="serious")
    procedure.questions.create(text="Can I drive?", answer="Ask.")
    procedure.carecards.create(level="urgent", heading="Call if:", items="pus\n\n  fever  \n")
    document = drafts.read(procedure, "en")
    assert document.sections == (documents.Section(kind="why", heading="Why", body="**Because.**"),)
    assert document.benefits == (TitledText(title="Precision", body="Small."),)
    assert document.recovery_notes == (TitledText(title="First days", body="Rest."),)
    assert document.expectations == (TitledText(title="Ask", body="Anything."),)
    assert document.risks == (
        documents.Risk(name="Bleeding", medical_term="Hemorrhage", body="A little.", frequency="serious"),
    )
    assert document.questions == (documents.Question(text="Can I drive?", answer="Ask."),)
    assert document.care_cards == (
        documents.CareCard(level="urgent", heading="Call if:", items=("pus", "fever")),
    )


def test_parts_of_another_page_stay_there(procedure: Procedure) -> None:
    procedure.risks.create(name="Bleeding", body="A little.")
    assert "Bleeding" not in [risk.name for risk in drafts.read(a_procedure(), "en").risks]


def test_sources_are_numbered_as_they_are_first_named_each_with_all_it_supports(
    procedure: Procedure,
) -> None:
    one, two, three = (a_source(key) for key in ("one", "two", "three"))
    procedure.citations.create(source=two, section="why", statement="First.", position=1)
    procedure.citations.create(source=one, section="risks", statement="Second.", position=2)
    procedure.citations.create(source=two, section="risks", statement="Third.", position=3)
    procedure.keyfacts.create(label="A", value="1 hour", source=one, position=1)
    procedure.keyfacts.create(label="B", value="2 days", source=three, position=2)
    procedure.keyfacts.create(label="C", value="Depends", position=3)
    document = drafts.read(procedure, "en")
    assert [source.key for source in document.sources] == ["two", "one", "three"]
    assert [statement.text for statement in document.sources[0].statements] == ["First.", "Third."]
    assert document.sources[2].statements == ()
    assert [fact.source for fact in document.key_facts] == [2, 3, None]


def test_the_shared_texts_are_read_line_by_line(procedure: Procedure) -> None:
    Disclaimer.objects.create(heading="Disclaimer", body="Information only.")
    EmergencyText.objects.create(heading="Call:", signs="one\ntwo", steps=" press \n\nlift", warnings="wait")
    document = drafts.read(procedure, "en")
    assert document.disclaimer == documents.Disclaimer(heading="Disclaimer", body="Information only.")
    assert document.emergency == documents.Emergency(
        heading="Call:", signs=("one", "two"), steps=("press", "lift"), warnings=("wait",)
    )


def test_a_photograph_is_read_with_its_description(procedure: Procedure) -> None:
    procedure.photo = Photo.objects.create(digest="a" * 32, width=800, height=600, widths=[480, 800])
    procedure.photo_alt = "A microscope"
    procedure.save()
    assert drafts.read(procedure, "en").photo == documents.Photo(
        digest="a" * 32, width=800, height=600, widths=(480, 800), alt="A microscope"
    )


def test_a_procedure_without_steps_of_its_own_shows_those_of_the_overview_as_published() -> None:
    overview, procedure = an_overview(), a_procedure()
    published(overview)
    overview.steps.create(title="Not signed yet", body="…", position=9)
    document = drafts.read(procedure, "en")
    assert [step.title for step in document.steps] == ["Consultation"]
    assert not document.has_own_steps


def test_while_no_overview_is_published_its_draft_serves() -> None:
    an_overview()
    assert [step.title for step in drafts.read(a_procedure(), "en").steps] == ["Consultation"]


def test_steps_of_its_own_replace_those_of_the_overview() -> None:
    published(an_overview())
    procedure = a_procedure()
    procedure.steps.create(title="First Aid", body="Press.")
    document = drafts.read(procedure, "en")
    assert [step.title for step in document.steps] == ["First Aid"]
    assert document.has_own_steps


def test_a_long_page_takes_as_many_queries_as_a_short_one(procedure: Procedure) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            drafts.read(Procedure.objects.get(pk=procedure.pk), "en")
        return len(captured)

    source = a_source()
    procedure.citations.create(source=source, section="why", statement="…")
    few = queries()
    for number in range(30):
        procedure.steps.create(title=f"Step {number}", body="…")
        procedure.citations.create(source=a_source(f"source-{number}"), section="why", statement="…")
        procedure.keyfacts.create(label=f"Fact {number}", value="…", source=source)
    assert queries() <= few


# Written back


def test_what_was_read_of_every_sample_page_can_be_written_back(sample_site: None) -> None:
    for page in Page.objects.all():
        document = drafts.read(page, "en")
        for part in ("sections", "steps", "risks", "carecards", "citations", "keyfacts", "questions"):
            getattr(page, part).all().delete()
        Page.objects.filter(pk=page.pk).update(title="Something else", summary="", photo_alt="x")
        drafts.write(page, document)
        assert drafts.read(Page.objects.get(pk=page.pk), "en") == document


def test_restoring_a_version_fills_the_draft_and_shows_patients_nothing(sample_site: None) -> None:
    procedure = Procedure.objects.get(slug="nerve-repair")
    was = Publication.objects.get(page=procedure)
    before = drafts.read(procedure, "en")
    procedure.risks.all().delete()
    procedure.title = "Changed"
    procedure.save()
    publishing.restore(was, by=None)
    assert drafts.read(Procedure.objects.get(pk=procedure.pk), "en") == before
    assert Publication.objects.filter(page=procedure).count() == 1


def test_writing_back_leaves_what_pages_share_as_it_is() -> None:
    shared_texts()
    procedure = a_procedure()
    document = drafts.read(procedure, "en")
    Disclaimer.objects.update(body="Newer.")
    Source.objects.update(title="Corrected title")
    drafts.write(procedure, document)
    assert Disclaimer.objects.get().body == "Newer."
    assert Source.objects.get().title == "Corrected title"


def test_writing_back_makes_a_source_anew_that_is_gone() -> None:
    procedure = a_procedure()
    document = drafts.read(procedure, "en")
    procedure.citations.all().delete()
    Source.objects.all().delete()
    drafts.write(procedure, document)
    assert drafts.read(procedure, "en").sources == document.sources


def test_writing_back_does_not_take_an_address_that_is_another_procedures_by_now() -> None:
    procedure = a_procedure("wanted")
    document = drafts.read(procedure, "en")
    procedure.slug = "left"
    procedure.save()
    a_procedure("wanted")
    drafts.write(procedure, document)
    assert Procedure.objects.get(pk=procedure.pk).slug == "left"


def test_steps_that_were_the_overviews_do_not_become_a_procedures_own() -> None:
    published(an_overview())
    procedure = a_procedure()
    drafts.write(procedure, drafts.read(procedure, "en"))
    assert not procedure.steps.exists()


def test_there_is_one_overview() -> None:
    an_overview()
    with pytest.raises(Exception, match="There is one overview already"):
        Overview(title="Second", summary="…", description="…").full_clean()
