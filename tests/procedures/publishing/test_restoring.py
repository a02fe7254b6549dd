"""Restoring over an unpublished draft requires confirmation."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client

from procedures.models import Disclaimer, Procedure
from tests.admin_forms import address, form_in, warnings_in
from tests.factories import a_procedure, published, shared_texts, staff
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def procedure() -> Procedure:
    """Two versions, and a draft that neither says."""
    shared_texts()
    procedure = a_procedure()
    published(procedure)
    procedure.risks.update(body="Germs get in, sometimes.")
    published(procedure)
    procedure.risks.update(body="Germs get in, as drafted.")
    return procedure


def first_of(procedure: Procedure) -> str:
    return f"{address(procedure, 'history_of')}1/restore/"


def test_restore_over_an_unpublished_draft_requires_confirmation(
    editor: Client, procedure: Procedure
) -> None:
    asked = read(editor.post(first_of(procedure)))
    assert "Replace the draft of “Lymph Vessel Repair” by version 1?" in asked.text
    assert [words.text for words in asked.all("del")] == ["[removed: in, as drafted.]"]
    assert procedure.risks.get().body == "Germs get in, as drafted."
    assert warnings_in(editor.post(first_of(procedure), form_in(asked))) == [
        "The draft now says what version 1 said. Patients see it once it is published."
    ]
    assert procedure.risks.get().body == "Germs get in."


@pytest.mark.parametrize("replaces", ["", "x", "\0", "on"])
def test_restore_ignores_a_forged_confirmation(editor: Client, procedure: Procedure, replaces: str) -> None:
    assert editor.post(first_of(procedure), {"replaces": replaces}).status_code == 200
    assert procedure.risks.get().body == "Germs get in, as drafted."


def test_restore_asks_again_after_another_edit(editor: Client, procedure: Procedure) -> None:
    about_the_former = form_in(read(editor.post(first_of(procedure))))
    procedure.risks.update(body="Germs get in, as a colleague drafted.")
    response = editor.post(first_of(procedure), about_the_former)
    assert "as a colleague drafted." in read(response).text
    assert procedure.risks.get().body == "Germs get in, as a colleague drafted."


def test_restore_over_a_published_draft_needs_no_confirmation(editor: Client, procedure: Procedure) -> None:
    procedure.risks.update(body="Germs get in, sometimes.")
    # What pages share is not part of it.
    Disclaimer.objects.update(body="Another disclaimer.")
    assert editor.post(first_of(procedure)).status_code == 302
    assert procedure.risks.get().body == "Germs get in."


def test_history_keeps_actions_among_many_saves(procedure: Procedure) -> None:
    sana = staff("Manager", email="sana@clinic.example")
    client = Client()
    client.force_login(sana)
    client.post(address(procedure, "withdraw"))
    act = LogEntry.objects.get()
    LogEntry.objects.bulk_create(
        LogEntry(
            user=sana,
            content_type=act.content_type,
            object_id=act.object_id,
            object_repr=act.object_repr,
            action_flag=CHANGE,
            change_message=json.dumps([{"changed": {"fields": ["Summary"]}}]),
        )
        for _save in range(60)
    )
    text = read(client.get(address(procedure, "history_of"))).text
    assert "sana@clinic.example: Withdrew the page." in text
    assert text.count("sana@clinic.example: Changed Summary.") == 50
