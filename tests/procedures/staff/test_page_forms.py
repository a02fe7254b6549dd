"""The admin form of a page: parts in order, and errors in words."""

import pytest
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Procedure
from tests.admin_forms import Sent, address, errors_in, with_parts
from tests.factories import signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db


def test_parts_are_numbered_by_position_without_gaps(
    editor: Client, procedure: Procedure, opened: Sent
) -> None:
    """A part without a position goes to the end. A page may have several sections of plain text."""
    more = {
        "risks": [
            {"name": "Death", "body": "Rare.", "frequency": "serious", "position": ""},
            {"name": "Pain", "body": "Some.", "frequency": "common", "position": "0"},
        ],
        "sections": [{"kind": "text", "heading": name, "body": "…"} for name in ("Smoking", "Driving")],
    }
    response = editor.post(address(procedure), with_parts(opened | {"sections-1-DELETE": "on"}, more))
    assert response.status_code == 302, errors_in(response)
    names = ["Pain", "Infection", "Scars", "Bleeding", "Death"]
    assert list(procedure.risks.values_list("position", "name")) == list(enumerate(names, start=1))
    kinds = ["why", "steps", "risks", "help", "text", "text"]
    assert list(procedure.sections.values_list("position", "kind")) == list(enumerate(kinds, start=1))


MISTAKES: list[tuple[dict[str, str], list[str]]] = [
    (
        {
            "slug": "tendon-transfer",
            "title": "TENDON TRANSFER",
            "carecards-0-items": "\n".join("abcdefg"),
            "risks-0-position": "-1",
            "sections-1-kind": "why",
        },
        [
            "Another procedure has this address.",
            "Another procedure has this title.",
            "Write at most 6 lines; there are 7.",
            "greater than or equal to 0",
            "This page has a section of this kind already. Choose another kind.",
        ],
    ),
    (
        {"slug": "Tendon-Transfer", "title": "T" * 66, "carecards-0-items": "x" * 121},
        [
            "Another procedure has this address.",
            "at most 65",
            "Shorten line 1 to 120 characters; it has 121.",
        ],
    ),
    ({"slug": "not an address", "carecards-0-level": ""}, ["valid", "required"]),
    ({"title": ""}, ["required"]),
]


def test_page_form_errors_are_shown_and_nothing_is_saved(
    editor: Client, procedure: Procedure, opened: Sent
) -> None:
    before = Procedure.objects.values().get(pk=procedure.pk)
    for changes, sentences in MISTAKES:
        response = editor.post(address(procedure), opened | changes)
        errors = errors_in(response)
        assert response.status_code == 200
        for sentence in sentences:
            assert any(sentence in error for error in errors), (sentence, errors)
        assert Procedure.objects.values().get(pk=procedure.pk) == before


def test_two_new_parts_of_a_unique_kind_are_refused(
    editor: Client, procedure: Procedure, opened: Sent
) -> None:
    card = {"level": "urgent", "heading": "Call if:", "items": "pus"}
    section = {"kind": "recovery", "heading": "Recovery", "body": "Slow."}
    twins = with_parts(opened, {"carecards": [card, card], "sections": [section, section]})
    errors = " ".join(errors_in(editor.post(address(procedure), twins)))
    assert "a section of this kind already" in errors and "duplicate data for level" in errors
    assert procedure.carecards.count() == 1


def test_new_section_may_replace_a_removed_one_of_its_kind(
    editor: Client, procedure: Procedure, opened: Sent
) -> None:
    section = {"kind": "why", "heading": "Why, again", "body": "Because."}
    sent = with_parts(opened | {"sections-0-DELETE": "on"}, {"sections": [section]})
    response = editor.post(address(procedure), sent)
    assert response.status_code == 302, errors_in(response)
    assert procedure.sections.get(kind="why").heading == "Why, again"


def test_swapped_unique_kinds_never_fail(editor: Client, procedure: Procedure, opened: Sent) -> None:
    """Parts are saved one by one: for a moment both would have the same kind."""
    swapped = {"sections-0-kind": opened["sections-1-kind"], "sections-1-kind": opened["sections-0-kind"]}
    response = editor.post(address(procedure), opened | swapped)
    assert response.status_code == 302 or errors_in(response)


def test_publish_page_asks_for_the_funding_statement(procedure: Procedure) -> None:
    url = address(procedure, "publish")
    manager, reviewer = signed_in("Manager"), signed_in("Clinical reviewer")
    for has_clinic in (False, True):
        if has_clinic:
            ClinicProfile.objects.create(name="The Clinic")
        (link,) = (link for link in read(manager.get(url)).all("a") if "Write who pays" in link.text)
        path, _hash, field = link["href"].partition("#")
        assert read(manager.get(path)).all("input", id=field)
        assert "A manager can fill it in under “Clinic”." in read(reviewer.get(url)).text
    ClinicProfile.objects.update(funding_statement="The clinic pays for it.")
    assert "who pays" not in read(reviewer.get(url)).text
