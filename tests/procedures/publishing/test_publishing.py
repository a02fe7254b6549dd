"""Publishing freezes the working copy as the page's next version, signed."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.models import Publication
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.factories import a_procedure, a_reviewer, an_overview, published, shared_texts, staff

pytestmark = pytest.mark.django_db


def test_versions_are_numbered_from_1_without_gaps() -> None:
    page = a_procedure()
    assert [published(page).number for _ in range(3)] == [1, 2, 3]


def test_a_refused_publication_takes_no_number() -> None:
    page = a_procedure()
    published(page)
    risk = page.risks.get()
    page.risks.all().delete()
    with pytest.raises(publishing.NotReadyError):
        published(page)
    risk.save(force_insert=True)
    assert published(page).number == 2


def test_each_page_has_numbers_of_its_own() -> None:
    published(a_procedure())
    assert published(a_procedure("tendon-transfer")).number == 1


def test_a_publication_holds_all_that_was_signed() -> None:
    page, reviewer, publisher = a_procedure(), a_reviewer(), staff("Clinical reviewer")
    with time_machine.travel(datetime(2026, 5, 3, 20, tzinfo=UTC), tick=False):
        publication = published(
            page,
            reviewer=reviewer,
            reviewed_on=date(2026, 4, 1),
            review_due_on=date(2029, 4, 1),
            change_note="The risks are clearer.",
            by=publisher,
        )
    publication.refresh_from_db()
    assert publication.reviewer == reviewer
    assert (publication.reviewed_on, publication.review_due_on) == (date(2026, 4, 1), date(2029, 4, 1))
    assert publication.change_note == "The risks are clearer."
    assert publication.published_by == publisher
    assert publication.published_at == publication.live_from == datetime(2026, 5, 3, 20, tzinfo=UTC)
    assert (publication.slug, publication.language) == ("lymph-vessel-repair", "en")


def test_the_document_and_the_row_say_the_same() -> None:
    publication = published(a_procedure())
    document = PageDocument.from_json(publication.document)
    assert document.version and document.review
    assert document.version.number == publication.number
    assert document.version.published_at == publication.published_at
    assert document.version.change_note == publication.change_note
    assert document.review.reviewed_on == publication.reviewed_on
    assert document.review.due_on == publication.review_due_on
    assert document.review.reviewer.name == str(publication.reviewer)
    assert document.card.to_json() == publication.card


def test_a_document_remembers_when_its_page_was_first_published() -> None:
    page = a_procedure()
    first = published(page)
    version = PageDocument.from_json(published(page).document).version
    assert version
    assert version.first_published_at == first.published_at < version.published_at


def test_editing_changes_nothing_that_was_published() -> None:
    page = a_procedure()
    before = published(page).document
    page.risks.update(name="Bleeding")
    page.title = "Another title"
    page.save()
    assert Publication.objects.get().document == before


def test_a_change_of_the_shared_texts_changes_nothing_that_was_published() -> None:
    shared_texts()
    publication = published(a_procedure())
    publishing.drafts.Disclaimer.objects.update(body="Another disclaimer.")
    document = PageDocument.from_json(Publication.objects.get(pk=publication.pk).document)
    assert document.disclaimer and document.disclaimer.body == "For information only."


def test_a_page_the_gate_refuses_is_not_stored_and_every_reason_is_given() -> None:
    page = a_procedure()
    page.risks.all().delete()
    page.carecards.all().delete()
    with pytest.raises(publishing.NotReadyError) as refused:
        published(page, reviewer=a_reviewer(registration_number=""))
    assert {missing.field for missing in refused.value.missing} == {"reviewer", "risks", "carecards"}
    assert str(refused.value)
    assert not Publication.objects.exists()


def test_an_address_that_patients_know_as_one_procedure_never_becomes_anothers() -> None:
    old = a_procedure("lymph-vessel-repair")
    published(old)
    old.slug = "lymph-surgery"
    old.save()
    published(old)
    newcomer = a_procedure("lymph-vessel-repair")
    with pytest.raises(publishing.NotReadyError) as refused:
        published(newcomer)
    assert [(missing.field, missing.message) for missing in refused.value.missing] == [
        ("slug", "Another procedure was published under this address. Choose another.")
    ]
    assert Publication.objects.filter(page=newcomer).count() == 0


def test_an_address_is_free_again_once_the_version_that_waited_for_it_is_called_off() -> None:
    first = a_procedure("lymph-vessel-repair")
    waiting = published(first, live_from=timezone.now() + timedelta(days=2))
    first.slug = "lymph-surgery"
    first.save()
    newcomer = a_procedure("lymph-vessel-repair")
    with pytest.raises(publishing.NotReadyError) as refused:
        published(newcomer)
    assert [missing.message for missing in refused.value.missing] == [
        "A version of another procedure is scheduled under this address. Choose another, or call that "
        "version off."
    ]
    publishing.call_off(waiting)
    assert published(newcomer).number == 1
    # And now it is the newcomer's.
    first.slug = "lymph-vessel-repair"
    newcomer.slug = "elsewhere"
    newcomer.save()
    first.save()
    with pytest.raises(publishing.NotReadyError, match="was published under this address"):
        published(first)


def test_a_procedure_may_go_back_to_an_address_of_its_own() -> None:
    page = a_procedure("lymph-vessel-repair")
    published(page)
    for slug in ("lymph-surgery", "lymph-vessel-repair"):
        page.slug = slug
        page.save()
        published(page)
    assert Publication.objects.live().get().slug == "lymph-vessel-repair"


def test_a_sample_is_published_without_anybodys_signature() -> None:
    shared_texts()
    publication = publishing.publish_sample(a_procedure(), language="en")
    assert publication.reviewer is publication.reviewed_on is publication.published_by is None
    assert PageDocument.from_json(publication.document).is_sample


def test_a_page_signed_by_a_sample_person_is_still_a_sample() -> None:
    publication = published(a_procedure(), reviewer=a_reviewer(is_sample=True))
    assert PageDocument.from_json(publication.document).is_sample


def test_publishing_a_long_page_takes_as_many_queries_as_a_short_one() -> None:
    shared_texts()
    reviewer, page = a_reviewer(), an_overview()

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            published(page, reviewer=reviewer)
        return len(captured)

    short = queries()
    for number in range(40):
        page.questions.create(text=f"Question {number}?", position=number)
        page.benefits.create(title=f"Benefit {number}", body="A text.", position=number)
        page.keyfacts.create(label=f"Fact {number}", value="Plain", source=page.citations.get().source)
    assert queries() == short
