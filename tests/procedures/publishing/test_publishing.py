"""Publishing freezes the draft as the page's next version, which is signed and never changes."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from procedures.models import Disclaimer, Procedure, Publication
from procedures.publishing import drafts, publishing
from procedures.publishing.documents import PageDocument
from tests.conftest import query_count, undone
from tests.factories import (
    a_disclaimer,
    a_procedure,
    a_reviewer,
    an_emergency_text,
    an_overview,
    published,
    staff,
)

pytestmark = pytest.mark.django_db


def problems(page: Procedure) -> list[tuple[str, str]]:
    """Why a page is not published."""
    before = Publication.objects.count()
    with pytest.raises(publishing.NotReadyError) as refused:
        published(page)
    assert Publication.objects.count() == before
    assert str(refused.value)
    return [(problem.field, problem.message) for problem in refused.value.problems]


def move(page: Procedure, slug: str) -> None:
    page.slug = slug
    page.save()


def test_publications_are_numbered_per_page(procedure: Procedure) -> None:
    first = published(procedure)
    with undone():
        procedure.risks.all().delete()
        procedure.carecards.all().delete()
        assert {field for field, _message in problems(procedure)} == {"risks", "carecards"}
    second = published(procedure)
    assert (first.number, second.number) == (1, 2), "a refused version takes no number"
    assert published(a_procedure("tendon-transfer")).number == 1
    version = PageDocument.from_json(second.document).version
    assert version
    assert version.first_published_at == first.published_at < version.published_at


def test_publication_stores_the_sign_off(procedure: Procedure) -> None:
    reviewer, publisher = a_reviewer(), staff("Clinical reviewer")
    with time_machine.travel(datetime(2026, 5, 3, 20, tzinfo=UTC), tick=False):
        publication = published(
            procedure,
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

    document = PageDocument.from_json(publication.document)
    version, review = document.version, document.review
    assert version and review
    assert (version.number, version.change_note) == (1, "The risks are clearer.")
    assert version.published_at == publication.published_at
    assert (review.reviewed_on, review.due_on) == (date(2026, 4, 1), date(2029, 4, 1))
    assert review.reviewer.name == "Dr. Ayesha Khan"
    assert document.card.to_json() == publication.card


def test_publish_refuses_an_address_of_another_procedure(procedure: Procedure) -> None:
    taken = [("slug", "Another procedure was published under this address. Choose another.")]
    published(procedure)
    move(procedure, "lymph-surgery")
    published(procedure)
    newcomer = a_procedure("lymph-vessel-repair")
    assert problems(newcomer) == taken
    newcomer.delete()
    move(procedure, "lymph-vessel-repair")
    published(procedure)
    assert Publication.objects.live().get().slug == "lymph-vessel-repair", "its own former address"


def test_canceled_version_frees_its_address(procedure: Procedure) -> None:
    waiting = published(procedure, live_from=timezone.now() + timedelta(days=2))
    move(procedure, "lymph-surgery")
    newcomer = a_procedure("lymph-vessel-repair")
    assert problems(newcomer) == [
        (
            "slug",
            "A version of another procedure is scheduled under this address. Choose another, or call that "
            "version off.",
        )
    ]
    publishing.call_off(waiting)
    assert published(newcomer).number == 1
    move(newcomer, "elsewhere")
    move(procedure, "lymph-vessel-repair")
    assert [field for field, _message in problems(procedure)] == ["slug"], "it is the newcomer's now"


def test_page_without_a_real_reviewer_is_a_sample(procedure: Procedure) -> None:
    unreviewed = publishing.publish_sample(procedure, language="en")
    assert unreviewed.reviewer is unreviewed.reviewed_on is unreviewed.published_by is None
    by_a_sample = published(procedure, reviewer=a_reviewer(is_sample=True))
    for publication in (unreviewed, by_a_sample):
        assert PageDocument.from_json(publication.document).is_sample


def test_publish_query_count_does_not_grow() -> None:
    a_disclaimer()
    reviewer, page = a_reviewer(), an_overview()
    published(an_emergency_text())

    def publish() -> None:
        published(page, reviewer=reviewer)

    short = query_count(publish)
    for number in range(40):
        page.questions.create(text=f"Question {number}?", position=number)
        page.benefits.create(title=f"Benefit {number}", body="A text.", position=number)
        page.keyfacts.create(label=f"Fact {number}", value="Plain", source=page.citations.get().source)
    assert query_count(publish) == short


def test_publish_refuses_a_language_in_which_the_draft_has_no_text(procedure: Procedure) -> None:
    signed = publishing.SignOff(a_reviewer(), date(2026, 4, 1), date(2029, 4, 1))
    for sign_off in (signed, None):
        with pytest.raises(drafts.NoTextInLanguageError):
            publishing.publish(procedure, language="ur", sign_off=sign_off, change_note="…", by=None, seen="")
    with pytest.raises(drafts.NoTextInLanguageError):
        publishing.publish_sample(procedure, language="ur")
    assert not Publication.objects.exists()


# Publications are never changed or deleted


def test_editing_does_not_change_publications(procedure: Procedure) -> None:
    before = published(procedure).document
    procedure.risks.update(name="Bleeding")
    Disclaimer.objects.update(body="Another disclaimer.")
    procedure.title = "Another title"
    procedure.save()
    assert Publication.objects.get().document == before


def test_publication_changes_are_refused(procedure: Procedure) -> None:
    publication = published(procedure)
    publication.change_note = "Something else."
    changes: tuple[dict[str, object], ...] = (
        {"document": "{}"},
        {"number": 9},
        {"slug": "x", "withdrawn_at": None},
        {"live_from": None},
    )
    for refused in (
        publication.save,
        lambda: Publication.objects.get().save(update_fields=["change_note"]),
        lambda: Publication.objects.bulk_update([publication], ["change_note"]),
        *(lambda values=values: Publication.objects.update(**values) for values in changes),
        *(lambda values=values: Publication.objects.filter(number=1).update(**values) for values in changes),
    ):
        with pytest.raises(TypeError, match="immutable"), transaction.atomic():
            refused()
    assert Publication.objects.get().change_note == "Written."
    now = timezone.now()
    assert Publication.objects.filter(pk=publication.pk).update(withdrawn_at=now) == 1
    assert Publication.objects.get().withdrawn_at == now


def test_publication_deletion_is_refused(procedure: Procedure) -> None:
    publication = published(procedure)
    assert publication.reviewer
    for delete, error in (
        (publication.delete, TypeError),
        (Publication.objects.all().delete, TypeError),
        (procedure.publications.all().delete, TypeError),
        (procedure.delete, ProtectedError),
        (publication.reviewer.delete, ProtectedError),
    ):
        with pytest.raises(error):
            delete()
    assert Publication.objects.count() == 1


def test_database_refuses_duplicate_numbers_and_zero(procedure: Procedure) -> None:
    published(procedure)
    for number in (1, 0):
        other = Publication(page=procedure, language="en", number=number, document="{}", card="{}")
        other.published_at = other.live_from = timezone.now()
        with pytest.raises(IntegrityError), transaction.atomic():
            other.save()
