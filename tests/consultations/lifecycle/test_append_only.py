"""The database refuses to change or delete audit rows, through the ORM and in plain SQL."""

import io
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core import serializers
from django.core.management import call_command
from django.db import IntegrityError, connection, models, transaction
from django.db.models import ProtectedError
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.events import record
from clinic_site.accounts.models import AccountEvent
from clinic_site.core import append_only
from clinic_site.core.append_only import append_only_models
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import MessageStep
from clinic_site.operations import cleanup, readiness
from consultations.lifecycle import disclosures
from consultations.models import Disclosure, Event, PrivacyNotice
from tests.factories import a_request, staff
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows() -> list[Any]:
    """One row of every append-only model."""
    actor = staff()
    disclosures.record(actor, [a_request()], Disclosure.Kind.OPENED)
    record(AccountEvent.Kind.SIGNED_OUT, actor=actor, subject=actor)
    mail_queue.mark_resolved(a_message("not an address"), actor=actor)
    return [model._default_manager.order_by("pk").first() for model in append_only_models()]


def values(row: Any) -> dict[str, Any]:
    return type(row).objects.values().get(pk=row.pk)


def test_append_only_models_are_these() -> None:
    assert {*append_only_models()} == {AccountEvent, MessageStep, Event, Disclosure, PrivacyNotice}


def sql(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def ways_to_change(row: Any) -> dict[str, Callable[[], Any]]:
    model, table = type(row), row._meta.db_table
    field = "published_at" if isinstance(row, PrivacyNotice) else "at"
    now = {field: timezone.now()}
    setattr(row, field, now[field])
    fixture = serializers.serialize("json", [row])
    ways: dict[str, Callable[[], Any]] = {
        "save": row.save,
        "save of one field": lambda: row.save(update_fields=[field]),
        "raw save": lambda: models.Model.save_base(row, raw=True),
        "fixture": lambda: [one.save() for one in serializers.deserialize("json", fixture)],
        "update": lambda: model.objects.update(**now),
        "bulk update": lambda: model.objects.bulk_update([row], [field]),
        "upsert": lambda: model.objects.bulk_create(
            [row], update_conflicts=True, unique_fields=["id"], update_fields=[field]
        ),
        "delete": lambda: model(pk=row.pk).delete(),
        "bulk delete": model.objects.all().delete,
        "UPDATE": lambda: sql(f"UPDATE {table} SET id = id"),  # noqa: S608
        "DELETE": lambda: sql(f"DELETE FROM {table}"),  # noqa: S608
    }
    if connection.vendor == "postgresql":
        ways["TRUNCATE"] = lambda: sql(f"SET CONSTRAINTS ALL IMMEDIATE; TRUNCATE {table} CASCADE")
    return ways


def test_database_refuses_every_change_and_early_deletion(rows: list[Any]) -> None:
    for row in rows:
        before = values(row)
        for name, way in ways_to_change(row).items():
            with pytest.raises(IntegrityError), transaction.atomic():
                way()
                pytest.fail(f"{type(row).__name__}: {name} was not refused")
            assert values(row) == before, name
        type(row).objects.bulk_create([row], ignore_conflicts=True)
        assert values(row) == before


def test_cleanup_deletes_audit_rows_after_retention(rows: list[Any]) -> None:
    seen, now = Disclosure.objects.get(), timezone.now()
    request, actor = seen.request, seen.actor
    ages = (timedelta(0), Disclosure.retention - timedelta(hours=1), Disclosure.retention + timedelta(days=2))
    for age in ages:
        Disclosure.objects.create(request=request, actor=actor, kind="opened", at=now - age)
        AccountEvent.objects.create(kind="signed_in", actor=actor, at=now - age)
        MessageStep.objects.create(kind="resent", message_id="1", message_kind="x", actor=actor, at=now - age)
        Event.objects.create(request=request, kind="assigned", at=now - age)
    kept = Event.objects.count()
    expired = dict(cleanup.run_tasks(now, dry_run=True))
    assert [count for name, count in expired.items() if "audit" in name] == [1, 1, 1]
    assert None not in dict(cleanup.run_tasks(now, dry_run=False)).values()
    for model in (Disclosure, AccountEvent, MessageStep):
        assert model.objects.count() == 3  # with the row of the fixture
        assert not model.objects.filter(at__lt=now - model.retention).exists()
    assert Event.objects.count() == kept


def test_readiness_requires_triggers_and_migrate_restores_them() -> None:
    assert "append-only tables" not in readiness.failed_checks(settings.READINESS_CHECKS)
    append_only.remove_triggers()
    assert "append-only tables" in readiness.failed_checks(settings.READINESS_CHECKS)
    with pytest.raises(LookupError, match="migrate"):
        append_only.require_triggers()
    call_command("migrate", verbosity=0)
    append_only.require_triggers()


def test_triggers_follow_changed_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    old = Disclosure.objects.create(
        request=a_request(), actor=staff(), kind="opened", at=timezone.now() - timedelta(days=10)
    )
    with monkeypatch.context() as patch:
        patch.setattr(Disclosure, "retention", timedelta(days=7))
        with pytest.raises(LookupError):
            append_only.require_triggers()
        append_only.install_triggers()
        old.delete()
    append_only.install_triggers()
    append_only.require_triggers()


@pytest.mark.django_db(transaction=True)
def test_flush_empties_tables_in_local_mode_only(settings: Any) -> None:
    a_request()
    settings.LOCAL = False
    with pytest.raises(Exception, match="flush"):
        call_command("flush", interactive=False, verbosity=0, stdout=io.StringIO())
    assert Event.objects.exists()
    settings.LOCAL = True
    call_command("flush", interactive=False, verbosity=0)
    assert not Event.objects.exists()
    append_only.require_triggers()


def test_foreign_keys_of_append_only_rows_protect_their_targets(rows: list[Any]) -> None:
    for model in append_only_models():
        for field in model._meta.fields:
            if isinstance(field, models.ForeignKey):
                assert field.remote_field.on_delete is models.PROTECT, f"{model.__name__}.{field.name}"
    seen = Disclosure.objects.get()
    for target in (seen.request, seen.actor, seen.request.notice):
        with pytest.raises(ProtectedError):
            target.delete()


def test_admin_offers_no_page_to_change_audit_rows(client: Client, rows: list[Any]) -> None:
    client.force_login(staff(email="root@clinic.example", is_superuser=True))
    for model, status in ((Event, 404), (Disclosure, 404), (AccountEvent, 403)):
        row = model.objects.first()
        before = values(row)
        for tail in ("add/", f"{row.pk}/change/", f"{row.pk}/delete/"):
            address = f"/staff/{model._meta.app_label}/{model._meta.model_name}/{tail}"
            assert client.post(address, {"post": "yes"}).status_code == status, address
        assert values(row) == before
