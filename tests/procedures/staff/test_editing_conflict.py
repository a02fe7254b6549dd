"""Two editors of one page: the second sees who changed what, and no typed text is lost."""

from typing import Any

import pytest
from django.core import signing
from django.test import Client

from procedures.models import Disclaimer, EmergencyText, Overview, Procedure
from procedures.publishing import drafts, publishing
from tests.admin_forms import Sent, address, errors_in, form_in, form_of, restore_in_admin, with_parts
from tests.factories import a_procedure, a_source, an_overview, published, shared_texts
from tests.pages import Page, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    procedure = a_procedure()
    procedure.risks.create(name="Scars", body="Each cut leaves one.", position=2)
    procedure.risks.create(name="Bleeding", body="A little.", position=3)
    return procedure


def save(client: Client, procedure: Procedure, **changes: Any) -> None:
    response = client.post(address(procedure), form_of(client, address(procedure)) | changes)
    assert response.status_code == 302, errors_in(response)


def refused(client: Client, procedure: Procedure, sent: Sent) -> Page:
    response = client.post(address(procedure), sent)
    assert response.status_code == 200
    assert "has saved this page since you opened it" in read(response).text, errors_in(response)
    return read(response)


def names(procedure: Procedure) -> list[str]:
    return [risk.name for risk in procedure.risks.all()]


def test_conflict_names_the_editor_and_the_changes_and_saves_nothing(
    procedure: Procedure, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(procedure))
    save(amna, procedure, **{"risks-0-body": "Germs get in sometimes."})
    page = refused(bilal, procedure, opened | {"summary": "Written by Bilal."})
    assert "Amna Sheikh has saved this page" in page.text
    (change,) = (section for section in page.all("section") if "change" in section.get("class"))
    assert "Changed by your colleague: Lymph Vessel Repair: risks" in change.text
    assert [added.text for added in change.all("ins")] == ["[added: in sometimes.]"]
    procedure.refresh_from_db()
    assert procedure.summary != "Written by Bilal."
    assert procedure.risks.get(name="Infection").body == "Germs get in sometimes."


def test_conflict_keeps_everything_typed_in_the_form(
    procedure: Procedure, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(procedure))
    save(amna, procedure, title="Another title")
    source = procedure.citations.get().source
    typed = with_parts(
        opened
        | {
            "summary": "Written by Bilal.",
            "risks-1-body": "Bilal’s scars.",
            "risks-2-DELETE": "on",
            "sections-0-position": "9",
        },
        {
            "risks": [{"name": "New", "body": "A new risk.", "frequency": "common", "position": "4"}],
            "keyfacts": [
                {"label": "A", "value": "b", "certainty": "varies", "source": str(source.pk), "position": ""}
            ],
        },
    )
    again = form_in(refused(bilal, procedure, typed))
    del typed["opened"], typed["csrfmiddlewaretoken"]
    assert {name: again.get(name) for name in typed} == typed


def test_conflict_saved_again_keeps_both_editors_work(
    procedure: Procedure, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(procedure))
    first = with_parts(
        form_of(amna, address(procedure)), {"risks": [{"name": "Amna’s", "body": "…", "frequency": "common"}]}
    )
    assert amna.post(address(procedure), first).status_code == 302
    typed = with_parts(
        opened | {"summary": "Written by Bilal."},
        {"risks": [{"name": "Bilal’s", "body": "…", "frequency": "common"}]},
    )
    again = form_in(refused(bilal, procedure, typed))
    assert bilal.post(address(procedure), again).status_code == 302
    procedure.refresh_from_db()
    assert procedure.summary == "Written by Bilal."
    assert procedure.edited_by.email == "bilal@clinic.example"
    assert sorted(names(procedure)) == ["Amna’s", "Bilal’s", "Bleeding", "Infection", "Scars"]


@pytest.mark.parametrize("gone", ["Infection", "Scars", "Bleeding"])
def test_conflict_keeps_text_typed_into_a_removed_part(
    procedure: Procedure, amna: Client, bilal: Client, gone: str
) -> None:
    typed = form_of(bilal, address(procedure))
    for row in range(3):
        typed[f"risks-{row}-body"] += " Bilal knows more."
    procedure.risks.get(name=gone).delete()
    page = refused(bilal, procedure, typed)
    again = form_in(page)
    kept = {again[f"risks-{row}-name"]: again[f"risks-{row}-body"] for row in range(3)}
    assert set(kept) == {"Infection", "Scars", "Bleeding"}
    assert all(body.endswith("Bilal knows more.") for body in kept.values())
    # Each stored row is beside its own part.
    for row in page.all("tr"):
        (original,) = [cell for cell in row.all("td") if "original" in cell.get("class")] or [None]
        if row.get("id").startswith("risks-") and original and "has_original" in row.get("class"):
            assert original.text == row.all("input", type="text")[0].get("value")

    response = bilal.post(address(procedure), again)
    assert response.status_code == 302, errors_in(response)
    assert names(procedure) == ["Infection", "Scars", "Bleeding"]
    assert all(risk.body.endswith("Bilal knows more.") for risk in procedure.risks.all())


def test_conflict_restores_a_removed_section_once(procedure: Procedure, bilal: Client) -> None:
    typed = form_of(bilal, address(procedure)) | {"sections-0-body": "Bilal’s reasons."}
    section = procedure.sections.get(kind="why")
    section.delete()
    again = form_in(refused(bilal, procedure, typed))
    response = bilal.post(address(procedure), again)
    assert response.status_code == 302, errors_in(response)
    assert procedure.sections.get(kind="why").body == "Bilal’s reasons."


ONE_OF_A_KIND = {
    "sections": ({"kind": "recovery", "heading": "Recovery"}, "body", "a section of this kind already"),
    "carecards": ({"level": "urgent", "heading": "Call if:"}, "items", "a card of this level already"),
}


@pytest.mark.parametrize("part_set", ONE_OF_A_KIND)
def test_conflict_refuses_a_second_part_of_a_unique_kind(
    procedure: Procedure, amna: Client, bilal: Client, part_set: str
) -> None:
    part, text, sentence = ONE_OF_A_KIND[part_set]
    opened = form_of(bilal, address(procedure))
    first = with_parts(form_of(amna, address(procedure)), {part_set: [part | {text: "Amna’s"}]})
    assert amna.post(address(procedure), first).status_code == 302
    again = form_in(refused(bilal, procedure, with_parts(opened, {part_set: [part | {text: "Bilal’s"}]})))

    for _press in range(2):
        response = bilal.post(address(procedure), again)
        assert response.status_code == 200
        assert any(sentence in error for error in errors_in(response)), errors_in(response)
        again = form_in(read(response))
        assert "Bilal’s" in again.values()
    assert [getattr(row, text) for row in getattr(procedure, part_set).filter(**part)] == ["Amna’s"]


def test_conflict_refuses_a_section_that_was_replaced(procedure: Procedure, bilal: Client) -> None:
    typed = form_of(bilal, address(procedure)) | {"sections-0-body": "Bilal’s reasons."}
    procedure.sections.get(kind="why").delete()
    procedure.sections.create(kind="why", heading="Why", body="Again.", position=1)
    again = form_in(refused(bilal, procedure, typed))
    response = bilal.post(address(procedure), again)
    assert response.status_code == 200
    assert any("a section of this kind already" in error for error in errors_in(response))
    assert "Bilal’s reasons." in form_in(read(response)).values()
    assert procedure.sections.get(kind="why").body == "Again."


@pytest.mark.parametrize("pk", ["0", "-1", "x", "", "99999999999999999999"])
def test_section_with_an_unknown_id_is_a_new_section(procedure: Procedure, bilal: Client, pk: str) -> None:
    sent = form_of(bilal, address(procedure)) | {"sections-0-id": pk}
    response = bilal.post(address(procedure), sent)
    assert response.status_code == 200
    assert any("a section of this kind already" in error for error in errors_in(response))
    assert procedure.sections.count() == 5


def test_conflict_after_a_restore_keeps_and_repeats_nothing(
    procedure: Procedure, amna: Client, bilal: Client
) -> None:
    version = published(procedure)
    save(amna, procedure, **{"risks-0-name": "Infections", "title": "Another title"})
    typed = form_of(bilal, address(procedure)) | {
        "sections-0-body": "Bilal’s reasons.",
        "risks-1-body": "Bilal’s scars.",
    }
    assert restore_in_admin(amna, procedure, version.number).status_code == 302
    page = refused(bilal, procedure, typed)
    assert "Amna Sheikh" in page.text
    response = bilal.post(address(procedure), form_in(page))
    assert response.status_code == 302, errors_in(response)
    assert procedure.sections.get(kind="why").body == "Bilal’s reasons."
    assert procedure.risks.get(name="Scars").body == "Bilal’s scars."
    assert procedure.risks.count() == 3
    assert procedure.sections.count() == 5
    assert procedure.citations.count() == 1


def test_conflict_with_oneself_after_the_back_button(procedure: Procedure, bilal: Client) -> None:
    """The form that was opened is the one before the first save."""
    opened = form_of(bilal, address(procedure))
    assert bilal.post(address(procedure), opened | {"summary": "First."}).status_code == 302
    page = refused(bilal, procedure, opened | {"summary": "Second."})
    assert "bilal@clinic.example has saved this page" in page.text


def test_saving_twice_adds_a_part_once(procedure: Procedure, bilal: Client) -> None:
    sent = with_parts(
        form_of(bilal, address(procedure)), {"risks": [{"name": "New", "body": "…", "frequency": "common"}]}
    )
    assert bilal.post(address(procedure), sent).status_code == 302
    refused(bilal, procedure, sent)
    assert names(procedure).count("New") == 1


def test_shared_texts_are_no_conflict(procedure: Procedure, bilal: Client) -> None:
    overview = an_overview()
    published(overview)
    opened = form_of(bilal, address(procedure))
    Disclaimer.objects.update(body="Another disclaimer.")
    EmergencyText.objects.update(heading="Call 1122 now if:")
    overview.steps.create(title="Second", body="Another step.", position=2)
    published(overview)
    response = bilal.post(address(procedure), opened | {"summary": "Mine."})
    assert response.status_code == 302, errors_in(response)


def test_publishing_is_no_conflict(procedure: Procedure, bilal: Client) -> None:
    opened = form_of(bilal, address(procedure))
    published(procedure)
    assert bilal.post(address(procedure), opened | {"summary": "Mine."}).status_code == 302


def test_unchanged_save_is_no_conflict(procedure: Procedure, amna: Client, bilal: Client) -> None:
    opened = form_of(bilal, address(procedure))
    save(amna, procedure)
    assert bilal.post(address(procedure), opened | {"summary": "Mine."}).status_code == 302


def test_another_page_is_no_conflict(procedure: Procedure, amna: Client, bilal: Client) -> None:
    other = a_procedure("tendon-transfer")
    opened = form_of(bilal, address(procedure))
    save(amna, other, summary="Another page.")
    assert bilal.post(address(procedure), opened).status_code == 302


def test_conflict_is_detected_on_the_overview(amna: Client, bilal: Client) -> None:
    overview: Overview = an_overview()
    opened = form_of(bilal, address(overview))
    save(amna, overview, title="Another title")
    response = bilal.post(address(overview), opened | {"steps-0-body": "Bilal’s step."})
    assert "Amna Sheikh has saved this page" in read(response).text


@pytest.mark.parametrize(
    "forged",
    [
        None,
        "",
        "x",
        "\0",
        "🩺",
        "eyJ9:1:x",
        "A" * 100_000,
        signing.dumps({"title": "x"}),
        signing.dumps("{}", salt="procedures.staff.page_forms.opened"),
        signing.dumps(7, salt="procedures.staff.page_forms.opened"),
    ],
    # A signature differs in each process, and pytest needs the same names in all.
    ids=["missing", "empty", "x", "NUL", "emoji", "unsigned", "long", "unsalted", "no document", "a number"],
)
def test_form_without_valid_opened_content_is_not_saved(
    procedure: Procedure, bilal: Client, forged: str | None
) -> None:
    sent = form_of(bilal, address(procedure)) | {"summary": "Blind."}
    del sent["opened"]
    if forged is not None:
        sent["opened"] = forged
    page = refused(bilal, procedure, sent)
    assert [section for section in page.all("section") if "change" in section.get("class")]
    procedure.refresh_from_db()
    assert procedure.summary != "Blind."
    assert bilal.post(address(procedure), form_in(page)).status_code == 302


def test_opened_content_of_another_page_is_refused(procedure: Procedure, bilal: Client) -> None:
    other = a_procedure("tendon-transfer")
    sent = form_of(bilal, address(procedure)) | {"opened": form_of(bilal, address(other))["opened"]}
    refused(bilal, procedure, sent)


def test_row_never_changes_a_part_of_another_page(procedure: Procedure, bilal: Client) -> None:
    other = a_procedure("tendon-transfer")
    theirs = other.risks.get()
    sent = form_of(bilal, address(procedure)) | {"risks-0-id": str(theirs.pk), "risks-0-name": "Taken"}
    bilal.post(address(procedure), sent)
    theirs.refresh_from_db()
    assert (theirs.page_id, theirs.name) == (other.pk, "Infection")


def test_rows_in_another_order_keep_their_parts(procedure: Procedure, bilal: Client) -> None:
    """The admin's script renumbers all rows by their place on the screen when a new one is removed."""
    sent = with_parts(
        form_of(bilal, address(procedure)), {"risks": [{"name": "New", "body": "…", "frequency": "common"}]}
    )
    order = [3, 0, 1, 2]
    moved = {name: value for name, value in sent.items() if not name.startswith("risks-")}
    moved |= {name: sent[name] for name in sent if name.startswith("risks-") and "_FORMS" in name}
    for new, old in enumerate(order):
        for name in [name for name in sent if name.startswith(f"risks-{old}-")]:
            moved[name.replace(f"risks-{old}-", f"risks-{new}-")] = sent[name]
        moved[f"risks-{new}-position"] = str(new + 1)
    before = dict(procedure.risks.values_list("pk", "name"))
    response = bilal.post(address(procedure), moved)
    assert response.status_code == 302, errors_in(response)
    assert names(procedure) == ["New", "Infection", "Scars", "Bleeding"]
    assert before.items() <= dict(procedure.risks.values_list("pk", "name")).items()


def test_empty_new_row_is_ignored(procedure: Procedure, bilal: Client) -> None:
    empty = {"name": "", "medical_term": "", "body": "", "frequency": "uncommon", "position": "4", "id": ""}
    response = bilal.post(
        address(procedure), with_parts(form_of(bilal, address(procedure)), {"risks": [empty]})
    )
    assert response.status_code == 302, errors_in(response)
    assert procedure.risks.count() == 3


def test_restoring_reuses_the_stored_rows(procedure: Procedure) -> None:
    before = {
        part: set(getattr(procedure, part).values_list("pk", flat=True)) for part in ("risks", "sections")
    }
    version = published(procedure)
    a_source("another")
    procedure.risks.filter(name="Bleeding").update(name="Blood")
    procedure.risks.filter(name="Scars").delete()
    procedure.sections.filter(kind="why").update(heading="Another heading")
    kept = procedure.risks.get(name="Infection").pk
    publishing.restore(version, by=None)
    assert procedure.risks.get(name="Infection").pk == kept
    assert set(procedure.sections.values_list("pk", flat=True)) == before["sections"]
    assert names(procedure) == ["Infection", "Scars", "Bleeding"]
    assert drafts.read_draft(procedure, "en").sections[0].heading.endswith(": why")
