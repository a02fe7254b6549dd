"""Publishing freezes the working copy as the page's next version, signed."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from procedures.models import Publication
from procedures.publishing import drafts
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.factories import a_procedure, a_reviewer, an_overview, published, shared_texts, staff

pytestmark = pytest.mark.django_db


def test_refused_publication_takes_no_number() -> None:
    page = a_procedure()
    published(page)
    risk = page.risks.get()
    page.risks.all().delete()
    with pytest.raises(publishing.NotReadyError):
        published(page)
    risk.save(force_insert=True)
    assert published(page).number == 2


def test_publications_are_numbered_per_page() -> None:
    published(a_procedure())
    assert published(a_procedure("tendon-transfer")).number == 1


def test_publication_stores_the_sign_off() -> None:
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


def test_publication_fields_match_its_document() -> None:
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


def test_document_has_the_first_publication_date() -> None:
    page = a_procedure()
    first = published(page)
    version = PageDocument.from_json(published(page).document).version
    assert version
    assert version.first_published_at == first.published_at < version.published_at


def test_editing_does_not_change_publications() -> None:
    page = a_procedure()
    before = published(page).document
    page.risks.update(name="Bleeding")
    page.title = "Another title"
    page.save()
    assert Publication.objects.get().document == before


def test_editing_shared_texts_does_not_change_publications() -> None:
    shared_texts()
    publication = published(a_procedure())
    publishing.drafts.Disclaimer.objects.update(body="Another disclaimer.")
    document = PageDocument.from_json(Publication.objects.get(pk=publication.pk).document)
    assert document.disclaimer and document.disclaimer.body == "For information only."


def test_publish_refuses_with_all_problems() -> None:
    page = a_procedure()
    page.risks.all().delete()
    page.carecards.all().delete()
    with pytest.raises(publishing.NotReadyError) as refused:
        published(page, reviewer=a_reviewer(registration_number=""))
    assert {problem.field for problem in refused.value.problems} == {"reviewer", "risks", "carecards"}
    assert str(refused.value)
    assert not Publication.objects.exists()


def test_publish_refuses_an_address_of_another_procedure() -> None:
    old = a_procedure("lymph-vessel-repair")
    published(old)
    old.slug = "lymph-surgery"
    old.save()
    published(old)
    newcomer = a_procedure("lymph-vessel-repair")
    with pytest.raises(publishing.NotReadyError) as refused:
        published(newcomer)
    assert [(problem.field, problem.message) for problem in refused.value.problems] == [
        ("slug", "Another procedure was published under this address. Choose another.")
    ]
    assert Publication.objects.filter(page=newcomer).count() == 0


def test_canceled_version_frees_its_address() -> None:
    first = a_procedure("lymph-vessel-repair")
    waiting = published(first, live_from=timezone.now() + timedelta(days=2))
    first.slug = "lymph-surgery"
    first.save()
    newcomer = a_procedure("lymph-vessel-repair")
    with pytest.raises(publishing.NotReadyError) as refused:
        published(newcomer)
    assert [problem.message for problem in refused.value.problems] == [
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


def test_procedure_may_return_to_a_former_address() -> None:
    page = a_procedure("lymph-vessel-repair")
    published(page)
    for slug in ("lymph-surgery", "lymph-vessel-repair"):
        page.slug = slug
        page.save()
        published(page)
    assert Publication.objects.live().get().slug == "lymph-vessel-repair"


def test_sample_is_published_without_review() -> None:
    shared_texts()
    publication = publishing.publish_sample(a_procedure(), language="en")
    assert publication.reviewer is publication.reviewed_on is publication.published_by is None
    assert PageDocument.from_json(publication.document).is_sample


def test_page_reviewed_by_a_sample_person_is_a_sample() -> None:
    publication = published(a_procedure(), reviewer=a_reviewer(is_sample=True))
    assert PageDocument.from_json(publication.document).is_sample


def test_publish_query_count_does_not_grow() -> None:
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


def test_publish_refuses_a_language_in_which_the_draft_has_no_text() -> None:
    page, sign_off = a_procedure(), publishing.SignOff(a_reviewer(), date(2026, 4, 1), date(2029, 4, 1))
    shared_texts()
    with pytest.raises(drafts.NoTextInLanguageError):
        publishing.publish(page, language="ur", sign_off=sign_off, change_note="…", by=None, seen="")
    with pytest.raises(drafts.NoTextInLanguageError):
        publishing.publish_correction(page, language="ur", change_note="…", by=None, seen="")
    with pytest.raises(drafts.NoTextInLanguageError):
        publishing.publish_sample(page, language="ur")
    assert not Publication.objects.exists()
