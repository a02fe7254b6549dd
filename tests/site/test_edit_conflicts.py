"""Every form of the admin, opened by two people: the second to save is told, and loses nothing."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.db import IntegrityError, models, transaction
from django.test import Client, RequestFactory

from clinic_site.accounts.models import User
from clinic_site.clinic.models import Closure, Criterion, EmergencyHospital, InformationPractice
from clinic_site.core.editing.conflicts import ConflictDetectingForm
from consultations.models import MessageText, RetentionRule
from procedures.models import FeedbackReport, Overview, Procedure, Source
from tests.admin_forms import Sent, address, errors_in, form_in, form_of
from tests.conftest import undone
from tests.factories import signed_in, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

# Feedback has buttons alone, each of them one conditional change; the texts of messages have pages of their
# own, which test_message_text_admin.py opens twice.
WITHOUT_FORM = {FeedbackReport, MessageText}


@pytest.fixture
def manager(sample_world: None, db: None) -> Client:
    staff("Coordinator", email="ali@clinic.example")
    Closure.objects.create(name="Eid", starts_on=date(2030, 1, 1), ends_on=date(2030, 1, 2))
    RetentionRule.objects.create(status="completed", months=12)
    InformationPractice.objects.create(criterion=Criterion.values[0], text="We do.")
    EmergencyHospital.objects.create(name="A hospital", address="1 Mall Road", treats="Hands")
    Source.objects.create(key="zzz", title="A source", publisher="P", url="https://example.org/")
    return signed_in("Manager")


def request_of(client: Client) -> Any:
    request = RequestFactory().get("/")
    request.user = User.objects.get(pk=client.session["_auth_user_id"])
    return request


def changeable(client: Client) -> Iterator[admin.ModelAdmin[Any]]:
    for model, model_admin in admin.site._registry.items():
        if model_admin.has_change_permission(request_of(client)) and model not in WITHOUT_FORM:
            yield model_admin


def others(field: Any, value: Any) -> Any:
    """Return other values of a field."""
    if field.choices:
        return [choice for choice, _label in field.flatchoices if choice not in (value, "")]
    if isinstance(field, models.ForeignKey):
        return field.related_model._default_manager.exclude(pk=value).values_list("pk", flat=True)[:1]
    return [another(field, value)]


def another(field: Any, value: Any) -> Any:
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case datetime() | date():
            return value + timedelta(days=1)
        case time():
            return value.replace(minute=value.minute + 1)
        case str():
            return f"other{value}"[: field.max_length]
    return {"DateField": date(2031, 1, 1), "FloatField": 1.5}.get(field.get_internal_type(), 1)


def changed_by_a_colleague(record: models.Model, field: Any) -> bool:
    """Store another value; False where there is none."""
    if field.many_to_many:
        chosen = getattr(record, field.name)
        chosen.add(field.related_model._default_manager.exclude(pk__in=chosen.values("pk"))[0])
        return True
    for value in others(field, field.value_from_object(record)):
        with suppress(IntegrityError), transaction.atomic():
            return bool(type(record)._base_manager.filter(pk=record.pk).update(**{field.attname: value}))
    return False


def assert_second_is_told(client: Client, record: models.Model, sent: Sent, what: str) -> None:
    response = client.post(address(record), sent)
    assert response.status_code == 200, f"{what}: saved over a colleague’s change"
    page = read(response)
    assert "since you opened it" in page.text, (what, errors_in(response))
    assert any("change" in section.get("class") for section in page.all("section")), f"{what}: shows nothing"
    again = form_in(page)
    typed = {name: value for name, value in sent.items() if name not in ("opened", "csrfmiddlewaretoken")}
    assert {name: again.get(name) for name in typed} == typed, what


@pytest.mark.slow
def test_every_field_of_every_form_is_guarded(manager: Client) -> None:
    for model_admin in changeable(manager):
        model = model_admin.model
        others_account = {"email": "ali@clinic.example"} if model is User else {}
        record = model._default_manager.filter(**others_account).first()
        assert record, f"add a {model.__name__} to the fixture"
        opened = form_of(manager, address(record))
        form = model_admin.get_form(request_of(manager), record, change=True)
        # A field without a column is the upload of a photograph, which changes another one.
        names = [name for name in form.base_fields if hasattr(model, name)]
        assert names, model
        for name in names:
            with undone():
                if changed_by_a_colleague(record, model._meta.get_field(name)):
                    sent = form(opened, instance=model._default_manager.get(pk=record.pk))
                    assert not sent.is_valid() and sent.conflict, f"{model.__name__}.{name}"
        with undone():
            assert changed_by_a_colleague(record, model._meta.get_field(names[0]))
            assert_second_is_told(manager, record, opened, model.__name__)


@pytest.mark.slow
def test_every_kind_of_part_is_guarded(manager: Client) -> None:
    """By one field of each; the document holds all of them, as the tests of drafts require."""
    seen: set[Any] = set()
    for page in (Procedure.objects.get(slug="replantation"), Overview.objects.get()):
        admin_of_page = admin.site._registry[type(page)]
        opened = form_of(manager, address(page))
        form = admin_of_page.get_form(request_of(manager), page, change=True)
        for inline in admin_of_page.get_inlines(request_of(manager), page):
            part = inline.model._default_manager.filter(page=page).first()
            if part is None or inline.model in seen:
                continue
            is_first = not seen
            seen.add(inline.model)
            text = next(field for field in reversed(inline.fields) if field != "position")
            with undone():
                assert changed_by_a_colleague(part, inline.model._meta.get_field(text))
                sent = form(opened, instance=type(page)._default_manager.get(pk=page.pk))
                assert not sent.is_valid() and sent.conflict, f"{type(page).__name__}: {inline.__name__}"
                if is_first:
                    assert_second_is_told(manager, page, opened, inline.__name__)
    assert len(seen) > 8


def test_second_save_keeps_what_was_typed(manager: Client) -> None:
    for model_admin in changeable(manager):
        assert issubclass(model_admin.form, ConflictDetectingForm), model_admin
    closure = Closure.objects.get()
    opened = form_of(manager, address(closure))
    amna = signed_in("Manager", email="amna@clinic.example", first_name="Amna", last_name="Sheikh")
    assert amna.post(address(closure), opened | {"name": "Eid al-Fitr"}).status_code == 302
    page = read(manager.post(address(closure), opened | {"name": "Eid holidays"}))
    assert "Amna Sheikh has saved this since you opened it" in page.text
    assert "[added: al-Fitr]" in page.text
    # A third person saves before the second has read that.
    bilal = signed_in("Manager", email="bilal@clinic.example", first_name="Bilal", last_name="Raza")
    third = form_of(bilal, address(closure)) | {"ends_on": "2030-01-05"}
    assert bilal.post(address(closure), third).status_code == 302
    page = read(manager.post(address(closure), form_in(page)))
    assert "Bilal Raza has saved this since you opened it" in page.text
    assert form_in(page)["name"] == "Eid holidays"
    assert manager.post(address(closure), form_in(page)).status_code == 302
    closure.refresh_from_db()
    assert closure.name == "Eid holidays"
