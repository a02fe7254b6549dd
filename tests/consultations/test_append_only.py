"""Events and notices are written once. Neither one nor many of them can be changed or deleted."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import models, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from consultations.models import ConsultationRequest, Event, PrivacyNotice
from tests.factories import a_request

pytestmark = pytest.mark.django_db


@pytest.fixture(params=[Event, PrivacyNotice], ids=["event", "notice"])
def row(request: pytest.FixtureRequest) -> models.Model:
    a_request()
    return request.param.objects.get()


def a_field(row: models.Model) -> str:
    return "at" if isinstance(row, Event) else "published_at"


WAYS_TO_CHANGE: dict[str, Callable[[Any], Any]] = {
    "save": lambda row: row.save(),
    "save of a fresh copy": lambda row: type(row).objects.get(pk=row.pk).save(),
    "update": lambda row: type(row).objects.update(**{a_field(row): timezone.now()}),
    "update of one": lambda row: type(row).objects.filter(pk=row.pk).update(**{a_field(row): timezone.now()}),
    "update or create": lambda row: type(row).objects.update_or_create(
        pk=row.pk, defaults={a_field(row): timezone.now()}
    ),
    "update of many": lambda row: type(row).objects.bulk_update([row], [a_field(row)]),
    "replacing while creating": lambda row: type(row).objects.bulk_create(
        [row], update_conflicts=True, unique_fields=["id"], update_fields=[a_field(row)]
    ),
    "delete": lambda row: row.delete(),
    "delete of all": lambda row: type(row).objects.all().delete(),
    "delete of none": lambda row: type(row).objects.none().delete(),
}


@pytest.mark.parametrize("way", WAYS_TO_CHANGE)
def test_no_way_of_changing_or_deleting_a_row_is_open(row: models.Model, way: str) -> None:
    before = type(row).objects.values().get(pk=row.pk)
    with pytest.raises(TypeError, match="is never"), transaction.atomic():
        WAYS_TO_CHANGE[way](row)
    assert type(row).objects.values().get(pk=row.pk) == before


def test_the_events_of_one_request_cannot_be_changed_through_it() -> None:
    request = a_request()
    with pytest.raises(TypeError):
        request.events.update(kind="forged")
    with pytest.raises(TypeError):
        request.events.all().delete()


def test_a_request_cannot_be_deleted_from_under_its_events() -> None:
    request = a_request()
    with pytest.raises(ProtectedError):
        ConsultationRequest.objects.filter(pk=request.pk).delete()
