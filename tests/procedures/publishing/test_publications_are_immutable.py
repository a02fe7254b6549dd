"""Publications are never changed or deleted."""

import pytest
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from procedures.models import Publication
from tests.factories import a_procedure, published

pytestmark = pytest.mark.django_db


@pytest.fixture
def publication() -> Publication:
    return published(a_procedure())


def test_publication_save_is_refused(publication: Publication) -> None:
    publication.change_note = "Something else."
    with pytest.raises(TypeError, match="immutable"):
        publication.save()
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.get().save(update_fields=["change_note"])
    assert Publication.objects.get().change_note == "Written."


def test_publication_update_is_refused(publication: Publication) -> None:
    changes: dict[str, object]
    for changes in (
        {"document": "{}"},
        {"number": 9},
        {"slug": "x", "withdrawn_at": None},
        {"live_from": None},
    ):
        for publications in (Publication.objects.all(), Publication.objects.filter(pk=publication.pk)):
            with pytest.raises(TypeError, match="immutable"):
                publications.update(**changes)


def test_publication_bulk_update_is_refused(publication: Publication) -> None:
    publication.change_note = "Something else."
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.bulk_update([publication], ["change_note"])


def test_publication_withdrawal_can_be_set(publication: Publication) -> None:
    now = timezone.now()
    assert Publication.objects.filter(pk=publication.pk).update(withdrawn_at=now) == 1
    publication.refresh_from_db()
    assert publication.withdrawn_at == now


def test_publication_delete_is_refused(publication: Publication) -> None:
    with pytest.raises(TypeError, match="never deleted"):
        publication.delete()
    with pytest.raises(TypeError, match="never deleted"):
        Publication.objects.all().delete()
    with pytest.raises(TypeError, match="never deleted"):
        publication.page.publications.all().delete()
    assert Publication.objects.count() == 1


def test_published_page_cannot_be_deleted(publication: Publication) -> None:
    with pytest.raises(ProtectedError):
        publication.page.delete()


def test_reviewer_of_a_publication_cannot_be_deleted(publication: Publication) -> None:
    assert publication.reviewer
    with pytest.raises(ProtectedError):
        publication.reviewer.delete()


def test_database_refuses_duplicate_numbers_and_zero(publication: Publication) -> None:
    for number in (publication.number, 0):
        other = Publication(page=publication.page, language="en", number=number, document="{}", card="{}")
        other.published_at = other.live_from = timezone.now()
        with pytest.raises(IntegrityError), transaction.atomic():
            other.save()
