"""What was signed is what is shown: a publication is never changed and never goes."""

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


def test_saving_it_again_is_refused(publication: Publication) -> None:
    publication.change_note = "Something else."
    with pytest.raises(TypeError, match="immutable"):
        publication.save()
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.get().save(update_fields=["change_note"])
    assert Publication.objects.get().change_note == "Written."


@pytest.mark.parametrize(
    "changes", [{"document": "{}"}, {"number": 9}, {"slug": "x", "withdrawn_at": None}, {"live_from": None}]
)
def test_an_update_of_anything_but_its_withdrawal_is_refused(
    publication: Publication, changes: dict[str, object]
) -> None:
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.update(**changes)
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.filter(pk=publication.pk).update(**changes)


def test_a_bulk_update_is_refused(publication: Publication) -> None:
    publication.change_note = "Something else."
    with pytest.raises(TypeError, match="immutable"):
        Publication.objects.bulk_update([publication], ["change_note"])


def test_its_withdrawal_can_be_set(publication: Publication) -> None:
    now = timezone.now()
    assert Publication.objects.filter(pk=publication.pk).update(withdrawn_at=now) == 1
    publication.refresh_from_db()
    assert publication.withdrawn_at == now


def test_deleting_it_is_refused(publication: Publication) -> None:
    with pytest.raises(TypeError, match="never deleted"):
        publication.delete()
    with pytest.raises(TypeError, match="never deleted"):
        Publication.objects.all().delete()
    with pytest.raises(TypeError, match="never deleted"):
        publication.page.publications.all().delete()
    assert Publication.objects.count() == 1


def test_a_page_that_was_ever_published_cannot_be_deleted(publication: Publication) -> None:
    with pytest.raises(ProtectedError):
        publication.page.delete()


def test_a_person_who_signed_cannot_be_deleted(publication: Publication) -> None:
    assert publication.reviewer
    with pytest.raises(ProtectedError):
        publication.reviewer.delete()


def test_the_database_refuses_two_with_one_number(publication: Publication) -> None:
    twin = Publication(page=publication.page, language="en", number=1, document="{}", card="{}")
    twin.published_at = twin.live_from = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_the_database_refuses_a_number_zero(publication: Publication) -> None:
    zero = Publication(page=publication.page, language="en", number=0, document="{}", card="{}")
    zero.published_at = zero.live_from = timezone.now()
    with pytest.raises(IntegrityError), transaction.atomic():
        zero.save()
