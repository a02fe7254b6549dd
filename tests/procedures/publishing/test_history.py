"""Every version with who, when and why; shown as it was, compared, and restored into the draft."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.test import Client

from procedures.models import Disclaimer, Page, Practitioner, Procedure, Publication
from tests.admin_forms import address, form_in, restore_in_admin, warnings_in
from tests.conftest import undone
from tests.factories import a_procedure, a_reviewer, an_overview, published, signed_in
from tests.pages import read
from tests.procedures.publishing.signing import PATH, history_rows

RESTORED = "The draft now says what version 1 said. Patients see it once it is published."


@pytest.fixture
def procedure(with_history: Procedure) -> Procedure:
    return with_history


def versions(procedure: Page) -> str:
    return address(procedure, "history_of")


def body(procedure: Procedure) -> str:
    return procedure.risks.get().body


def test_history_names_who_when_and_why_and_what_is_live(editor: Client, procedure: Procedure) -> None:
    third, second, first = history_rows(editor, procedure)
    assert "3 scheduled Wed 20 May 2026, 9 am" in third
    for words in (
        "2 live Sun 10 May 2026, 9 pm",
        "Dr. Ayesha Khan, Sun 10 May 2026",
        "sana",
        "Infection is told better.",
    ):
        assert words in second
    assert "live" not in first


def test_history_names_the_reviewer_as_signed(editor: Client, procedure: Procedure) -> None:
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    Practitioner.objects.update(name="Dr. Real Person", is_sample=False)
    found = history_rows(editor, procedure)
    assert "Dr. Sample, Tue 12 May 2026 (a sample: no review)" in found[0]
    assert "Dr. Ayesha Khan, Sun 10 May 2026" in found[2]
    assert "Real Person" not in "".join(found)


def test_history_keeps_actions_among_many_saves(procedure: Procedure) -> None:
    manager = signed_in("Manager")
    manager.post(f"{versions(procedure)}3/call-off/")
    manager.post(address(procedure, "withdraw"))
    action = LogEntry.objects.latest("pk")
    LogEntry.objects.bulk_create(
        LogEntry(
            user=action.user,
            content_type=action.content_type,
            object_id=action.object_id,
            object_repr=action.object_repr,
            action_flag=CHANGE,
            change_message=json.dumps([{"changed": {"fields": ["Summary"]}}]),
        )
        for _save in range(60)
    )
    text = read(manager.get(versions(procedure))).text
    for words in ("Called off version 3.", "Withdrew the page."):
        assert f"manager@clinic.example: {words}" in text
    assert text.count("manager@clinic.example: Changed Summary.") == 50


def test_version_is_shown_as_it_was(editor: Client, procedure: Procedure) -> None:
    response = editor.get(f"{versions(procedure)}1/")
    page = read(response)
    assert "Germs get in." in page.main.text
    assert "Version 1, as it was published." in page.text
    assert response["X-Robots-Tag"] == "noindex, nofollow"
    assert "no-store" in response["Cache-Control"]
    assert page.structured_data == []


def test_any_two_versions_are_compared_word_by_word(editor: Client, procedure: Procedure) -> None:
    for old, new, removed, added in (
        ("1", "2", "in.", "in, sometimes."),
        ("2", "1", "in, sometimes.", "in."),
        ("2", "draft", "sometimes.", "as drafted."),
        ("2", "3", "sometimes.", "rarely."),
        ("draft", "2", "as drafted.", "sometimes."),
    ):
        page = read(editor.get(f"{versions(procedure)}compare/", {"from": old, "to": new}))
        (risks,) = (section for section in page.all("section") if section.one("h2").text.endswith("risks"))
        assert [words.text for words in risks.all("del")] == [f"[removed: {removed}]"], (old, new)
        assert [words.text for words in risks.all("ins")] == [f"[added: {added}]"], (old, new)
        assert "Germs get" in risks.text
    page = read(editor.get(f"{versions(procedure)}compare/", {"from": "1", "to": "1"}))
    assert "They say the same." in page.text


def test_unknown_versions_are_404(editor: Client, procedure: Procedure) -> None:
    for old in ("9", "", "x", "\0", "٣", "1" * 400, "-1", "1e3"):
        for asked in ({"from": old, "to": "1"}, {"from": "draft", "to": old}):
            assert editor.get(f"{versions(procedure)}compare/", asked).status_code == 404, asked


def test_versions_of_another_page_are_404(editor: Client, procedure: Procedure) -> None:
    other = a_procedure("tendon-transfer")
    for path in (f"{versions(other)}1/", f"{versions(other)}1/restore/", f"{versions(other)}compare/?from=1"):
        assert editor.get(path).status_code in (404, 405)
        assert editor.post(path).status_code in (404, 405)
    assert editor.get(f"/staff/procedures/procedure/{an_overview().pk}/versions/").status_code == 404


# Restoring


def test_restore_fills_the_draft_and_shows_patients_nothing(
    client: Client, editor: Client, procedure: Procedure
) -> None:
    assert editor.get(f"{versions(procedure)}1/restore/").status_code == 405
    assert warnings_in(restore_in_admin(editor, procedure, 1)) == [RESTORED]
    assert body(procedure) == "Germs get in."
    procedure.refresh_from_db()
    assert procedure.edited_by.email == "editor@clinic.example"
    assert "Germs get in, sometimes." in read(client.get(PATH)).main.text
    assert Publication.objects.count() == 3
    assert "Restored version 1 into the draft." in read(editor.get(versions(procedure))).text


def test_restore_keeps_the_address_if_the_earlier_one_is_taken(editor: Client, procedure: Procedure) -> None:
    for others, sentence, kept in (
        ([], RESTORED, "lymph-vessel-repair"),
        (
            ["lymph-vessel-repair"],
            "The draft now says what version 1 said, except for its address: that stays “vessel-repair”, "
            "because another procedure has “lymph-vessel-repair” now. Patients see it once it is published.",
            "vessel-repair",
        ),
    ):
        Procedure.objects.filter(pk=procedure.pk).update(slug="vessel-repair")
        for slug in others:
            a_procedure(slug)
        assert warnings_in(restore_in_admin(editor, procedure, 1))[-1] == sentence
        procedure.refresh_from_db()
        assert procedure.slug == kept


def test_restore_over_an_unpublished_draft_requires_confirmation(
    editor: Client, procedure: Procedure
) -> None:
    url = f"{versions(procedure)}1/restore/"
    for forged in ("", "x", "\0", "on"):
        question = editor.post(url, {"replaces": forged})
        assert question.status_code == 200
    asked = read(question)
    assert "Replace the draft of “Lymph Vessel Repair” by version 1?" in asked.text
    assert [words.text for words in asked.all("del")] == ["[removed: in, as drafted.]"]
    assert body(procedure) == "Germs get in, as drafted."
    with undone():
        procedure.risks.update(body="Germs get in, as a colleague drafted.")
        again = editor.post(url, form_in(asked))
        assert "as a colleague drafted." in read(again).text
        assert body(procedure) == "Germs get in, as a colleague drafted."
    assert warnings_in(editor.post(url, form_in(asked))) == [RESTORED]
    assert body(procedure) == "Germs get in."


def test_restore_over_a_published_draft_needs_no_confirmation(editor: Client, procedure: Procedure) -> None:
    procedure.risks.update(body="Germs get in, sometimes.")
    # Texts that all pages share are not part of the draft.
    Disclaimer.objects.update(body="Another disclaimer.")
    assert editor.post(f"{versions(procedure)}1/restore/").status_code == 302
    assert body(procedure) == "Germs get in."
