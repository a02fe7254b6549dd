"""What is written once stays so: no way of the ORM changes or deletes an event, a view, or a notice."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import IntegrityError, models, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.events import record
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.core.append_only import AppendOnlyModel
from clinic_site.mail import queue as mail_queue
from consultations.lifecycle import disclosures
from consultations.models import ConsultationRequest, Disclosure, Event, PrivacyNotice
from tests.factories import a_request, staff
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db

MODELS = [model for model in apps.get_models() if issubclass(model, AppendOnlyModel)]


@pytest.fixture(params=MODELS, ids=lambda model: model.__name__)
def row(request: pytest.FixtureRequest) -> models.Model:
    actor = staff()
    disclosures.record(actor, [a_request()], Disclosure.Kind.OPENED)
    record(AccountEvent.Kind.SIGNED_OUT, actor=actor, subject=actor)
    mail_queue.settle(a_message("not an address"), actor=actor)
    return request.param.objects.order_by("pk").first()


def a_field(row: models.Model) -> str:
    return "published_at" if isinstance(row, PrivacyNotice) else "at"


def changed(row: models.Model) -> Any:
    setattr(row, a_field(row), timezone.now())
    return row


def forged(row: models.Model) -> Any:
    """A new row with the number of the old one."""
    values = {field.attname: getattr(row, field.attname) for field in row._meta.fields}
    return type(row)(**values | {a_field(row): timezone.now()})


def loaded(row: models.Model) -> None:
    """As a fixture is loaded."""
    text = serializers.serialize("json", [changed(row)])
    for found in serializers.deserialize("json", text):
        found.save()


def now_in(row: models.Model) -> dict[str, Any]:
    return {a_field(row): timezone.now()}


WAYS_TO_CHANGE: dict[str, Callable[[Any], Any]] = {
    "save": lambda row: changed(row).save(),
    "save of a fresh copy": lambda row: changed(type(row).objects.get(pk=row.pk)).save(),
    "save of one column": lambda row: changed(row).save(update_fields=[a_field(row)]),
    "save of a forged row": lambda row: forged(row).save(),
    "forced save of a forged row": lambda row: forged(row).save(force_update=True),
    "save without its own rules": lambda row: models.Model.save(changed(row)),
    "raw save": lambda row: models.Model.save_base(changed(row), raw=True),
    "fixture": loaded,
    "update": lambda row: type(row).objects.update(**now_in(row)),
    "update of one": lambda row: type(row).objects.filter(pk=row.pk).update(**now_in(row)),
    "update behind the scenes": lambda row: type(row)._base_manager.update(**now_in(row)),
    "update by the default manager": lambda row: type(row)._default_manager.update(**now_in(row)),
    "update or create": lambda row: type(row).objects.update_or_create(pk=row.pk, defaults=now_in(row)),
    "update of many": lambda row: type(row).objects.bulk_update([row], [a_field(row)]),
    "replacing while creating": lambda row: type(row).objects.bulk_create(
        [forged(row)], update_conflicts=True, unique_fields=["id"], update_fields=[a_field(row)]
    ),
    "replacing, told by position": lambda row: type(row).objects.bulk_create(
        [forged(row)], None, False, True, [a_field(row)], ["id"]
    ),
    "delete": lambda row: row.delete(),
    "delete without its own rules": lambda row: models.Model.delete(row),
    "delete of all": lambda row: type(row).objects.all().delete(),
    "delete of none": lambda row: type(row).objects.none().delete(),
    "delete behind the scenes": lambda row: type(row)._base_manager.all().delete(),
    "delete by a bare set": lambda row: models.QuerySet(type(row)).delete(),
    "raw delete": lambda row: type(row).objects.all()._raw_delete("default"),
    "raw delete behind the scenes": lambda row: type(row)._base_manager.all()._raw_delete("default"),
}


@pytest.mark.parametrize("way", WAYS_TO_CHANGE)
def test_no_way_of_changing_or_deleting_a_row_is_open(row: models.Model, way: str) -> None:
    before = type(row).objects.values().get(pk=row.pk)
    with pytest.raises((TypeError, ValueError, IntegrityError, ProtectedError)), transaction.atomic():
        WAYS_TO_CHANGE[way](row)
    assert type(row).objects.values().get(pk=row.pk) == before


def test_what_is_ignored_on_a_conflict_changes_nothing(row: models.Model) -> None:
    before = type(row).objects.values().get(pk=row.pk)
    type(row).objects.bulk_create([forged(row)], ignore_conflicts=True)
    assert type(row).objects.values().get(pk=row.pk) == before


def test_nothing_that_a_row_points_to_can_take_it_along() -> None:
    for model in MODELS:
        for field in model._meta.fields:
            if isinstance(field, models.ForeignKey):
                assert field.remote_field.on_delete is models.PROTECT, f"{model.__name__}.{field.name}"


@pytest.mark.parametrize("name", ["events", "disclosures"])
def test_rows_of_one_request_cannot_be_changed_through_it(name: str) -> None:
    request, other = a_request(), a_request()
    disclosures.record(staff(), [request, other], Disclosure.Kind.OPENED)
    rows, of_other = getattr(request, name), getattr(other, name)
    before = rows.count(), of_other.count()
    for refused in (
        lambda: rows.update(at=timezone.now()),
        lambda: rows.all().delete(),
        lambda: rows.add(of_other.first()),
        lambda: rows.add(of_other.first(), bulk=False),
        lambda: rows.set([of_other.first()]),
    ):
        with pytest.raises(TypeError, match="is never"), transaction.atomic():
            refused()
    # A row always belongs to a request: there is nothing to take it out with.
    assert not hasattr(rows, "clear") and not hasattr(rows, "remove")
    assert (rows.count(), of_other.count()) == before


def test_neither_a_request_nor_a_person_can_be_deleted_from_under_them() -> None:
    request, actor = a_request(), staff()
    disclosures.record(actor, [request], Disclosure.Kind.OPENED)
    before = Event.objects.count()
    for refused in (
        request.delete,
        ConsultationRequest.objects.filter(pk=request.pk).delete,
        actor.delete,
        User.objects.filter(pk=actor.pk).delete,
        request.notice.delete,
    ):
        with pytest.raises((ProtectedError, TypeError)), transaction.atomic():
            refused()
    assert (Event.objects.count(), Disclosure.objects.count()) == (before, 1)


@pytest.mark.parametrize("name", ["event", "disclosure"])
@pytest.mark.parametrize("tail", ["", "add/", "{pk}/change/", "{pk}/delete/"])
def test_the_admin_has_no_address_that_could_change_them(client: Client, name: str, tail: str) -> None:
    user = staff(is_superuser=True)
    disclosures.record(user, [a_request()], Disclosure.Kind.OPENED)
    client.force_login(user)
    model = {"event": Event, "disclosure": Disclosure}[name]
    address = f"/staff/consultations/{name}/{tail.format(pk=model.objects.first().pk)}"
    assert client.post(address, {"post": "yes"}).status_code == 404


@pytest.mark.parametrize("tail", ["add/", "{pk}/change/", "{pk}/delete/"])
def test_not_even_a_superuser_changes_what_happened_to_accounts(client: Client, tail: str) -> None:
    user = staff(is_superuser=True)
    event = record(AccountEvent.Kind.SIGNED_OUT, actor=user, subject=user)
    client.force_login(user)
    before = AccountEvent.objects.values().get(pk=event.pk)
    answer = client.post(f"/staff/accounts/accountevent/{tail.format(pk=event.pk)}", {"post": "yes"})
    assert answer.status_code == 403
    assert AccountEvent.objects.values().get(pk=event.pk) == before
