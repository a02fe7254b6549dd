"""Two editors of one page or shared text: the second sees who changed what, and no typed text is lost."""

from typing import Any

import pytest
from django.core import signing
from django.test import Client

from procedures.models import Disclaimer, Overview, Procedure, Publication
from procedures.models import Page as ContentPage
from procedures.publishing import drafts, publishing
from tests.admin_forms import Sent, address, errors_in, form_in, form_of, restore_in_admin, with_parts
from tests.factories import an_overview, published, signed_in
from tests.pages import Page, read

pytestmark = pytest.mark.django_db


def save(client: Client, page: Any, sent: Sent) -> None:
    response = client.post(address(page), sent)
    assert response.status_code == 302, errors_in(response)


def refused(client: Client, page: Any, sent: Sent) -> Page:
    response = client.post(address(page), sent)
    assert response.status_code == 200
    kind = " page" if isinstance(page, ContentPage) else ""
    assert f"has saved this{kind} since you opened it" in read(response).text, errors_in(response)
    return read(response)


def changes_in(page: Page) -> Any:
    return [section for section in page.all("section") if "change" in section.get("class")]


def names(procedure: Procedure) -> list[str]:
    return [risk.name for risk in procedure.risks.all()]


def new_risk(name: str) -> dict[str, list[Sent]]:
    return {"risks": [{"name": name, "body": "…", "frequency": "common", "position": ""}]}


def test_conflict_names_editor_and_changes_and_keeps_everything_typed(
    procedure: Procedure, opened: Sent, amna: Client, bilal: Client
) -> None:
    save(amna, procedure, opened | {"risks-0-body": "Germs get in sometimes."})
    source = str(procedure.citations.get().source.pk)
    fact = {"label": "A", "value": "b", "certainty": "varies", "source": source, "position": ""}
    typed = opened | {
        "summary": "Written by Bilal.",
        "risks-1-body": "Bilal’s scars.",
        "risks-2-DELETE": "on",
        "sections-0-position": "9",
    }
    typed = with_parts(typed, new_risk("New") | {"keyfacts": [fact]})

    page = refused(bilal, procedure, typed)

    assert "Amna Sheikh has saved this page" in page.text
    (change,) = changes_in(page)
    assert "Changed by your colleague: Lymph Vessel Repair: risks" in change.text
    assert [added.text for added in change.all("ins")] == ["[added: in sometimes.]"]
    again = form_in(page)
    del typed["opened"], typed["csrfmiddlewaretoken"]
    assert {name: again.get(name) for name in typed} == typed
    procedure.refresh_from_db()
    assert procedure.summary != "Written by Bilal."
    assert procedure.risks.get(name="Infection").body == "Germs get in sometimes."


def test_conflict_saved_again_keeps_both_editors_work(
    procedure: Procedure, opened: Sent, amna: Client, bilal: Client
) -> None:
    save(amna, procedure, with_parts(opened, new_risk("Amna’s")))
    typed = with_parts(opened | {"summary": "Written by Bilal."}, new_risk("Bilal’s"))
    save(bilal, procedure, form_in(refused(bilal, procedure, typed)))
    procedure.refresh_from_db()
    assert procedure.summary == "Written by Bilal."
    assert procedure.edited_by and procedure.edited_by.email == "bilal@clinic.example"
    assert sorted(names(procedure)) == ["Amna’s", "Bilal’s", "Bleeding", "Infection", "Scars"]


def test_form_sent_twice_conflicts_with_oneself_and_adds_a_part_once(
    procedure: Procedure, opened: Sent, bilal: Client
) -> None:
    """As after the Back button: the form that was opened is the one before the first save."""
    sent = with_parts(opened, new_risk("New"))
    save(bilal, procedure, sent)
    assert "bilal@clinic.example has saved this page" in refused(bilal, procedure, sent).text
    assert names(procedure).count("New") == 1


def test_conflict_keeps_text_typed_into_removed_parts(
    procedure: Procedure, opened: Sent, bilal: Client
) -> None:
    typed = opened | {"sections-0-body": "Bilal’s reasons."}
    for row in range(3):
        typed[f"risks-{row}-body"] += " Bilal knows more."
    procedure.risks.filter(name__in=["Infection", "Bleeding"]).delete()
    procedure.sections.get(kind="why").delete()

    page = refused(bilal, procedure, typed)

    again = form_in(page)
    kept = {again[f"risks-{row}-name"]: again[f"risks-{row}-body"] for row in range(3)}
    assert set(kept) == {"Infection", "Scars", "Bleeding"}
    assert all(body.endswith("Bilal knows more.") for body in kept.values())
    # The stored row is beside its own part.
    (stored,) = (
        row for row in page.all("tr") if row.get("id") == "risks-0" and "has_original" in row.get("class")
    )
    (original,) = (cell for cell in stored.all("td") if "original" in cell.get("class"))
    assert original.text == stored.all("input", type="text")[0].get("value") == "Scars"

    save(bilal, procedure, again)
    assert names(procedure) == ["Infection", "Scars", "Bleeding"]
    assert all(risk.body.endswith("Bilal knows more.") for risk in procedure.risks.all())
    assert procedure.sections.get(kind="why").body == "Bilal’s reasons."


def test_conflict_refuses_a_second_part_of_a_unique_kind(
    procedure: Procedure, opened: Sent, amna: Client, bilal: Client
) -> None:
    def more(body: str) -> dict[str, list[Sent]]:
        return {
            "sections": [{"kind": "recovery", "heading": "Recovery", "body": body}],
            "carecards": [{"level": "urgent", "heading": "Call if:", "items": body}],
        }

    save(amna, procedure, with_parts(opened, more("Amna’s")))
    again = form_in(refused(bilal, procedure, with_parts(opened, more("Bilal’s"))))
    for _press in range(2):
        response = bilal.post(address(procedure), again)
        errors = " ".join(errors_in(response))
        assert "a section of this kind already" in errors and "a card of this level already" in errors
        again = form_in(read(response))
        assert list(again.values()).count("Bilal’s") == 2
    assert procedure.sections.get(kind="recovery").body == "Amna’s"
    assert procedure.carecards.get(level="urgent").items == "Amna’s"


def test_conflict_refuses_a_section_that_was_replaced(
    procedure: Procedure, opened: Sent, bilal: Client
) -> None:
    procedure.sections.get(kind="why").delete()
    procedure.sections.create(kind="why", heading="Why", body="Again.", position=1)
    again = form_in(refused(bilal, procedure, opened | {"sections-0-body": "Bilal’s reasons."}))
    response = bilal.post(address(procedure), again)
    assert any("a section of this kind already" in error for error in errors_in(response))
    assert "Bilal’s reasons." in form_in(read(response)).values()
    assert procedure.sections.get(kind="why").body == "Again."


def test_section_with_an_unknown_id_is_a_new_section(
    procedure: Procedure, opened: Sent, bilal: Client
) -> None:
    for pk in ("x", "99999999999999999999"):
        response = bilal.post(address(procedure), opened | {"sections-0-id": pk})
        assert any("a section of this kind already" in error for error in errors_in(response)), pk
    assert procedure.sections.count() == 5


def test_conflict_after_a_restore_keeps_and_repeats_nothing(
    procedure: Procedure, opened: Sent, amna: Client, bilal: Client
) -> None:
    save(amna, procedure, opened | {"risks-0-name": "Infections", "title": "Another title"})
    typed = form_of(bilal, address(procedure)) | {
        "sections-0-body": "Bilal’s reasons.",
        "risks-1-body": "Bilal’s scars.",
    }
    assert restore_in_admin(amna, procedure, 1).status_code == 302
    page = refused(bilal, procedure, typed)
    assert "Amna Sheikh" in page.text
    save(bilal, procedure, form_in(page))
    assert procedure.sections.get(kind="why").body == "Bilal’s reasons."
    assert procedure.risks.get(name="Scars").body == "Bilal’s scars."
    counts = [parts.count() for parts in (procedure.risks, procedure.sections, procedure.citations)]
    assert counts == [3, 5, 1]


def test_changes_outside_the_page_are_no_conflict(
    procedure: Procedure, opened: Sent, amna: Client, bilal: Client
) -> None:
    overview = an_overview()
    published(overview)
    Disclaimer.objects.update(body="Another disclaimer.")
    overview.steps.create(title="Second", body="Another step.", position=2)
    published(overview)
    published(procedure)
    other = Procedure.objects.get(slug="tendon-transfer")
    save(amna, other, form_of(amna, address(other)) | {"summary": "Another page."})
    save(amna, procedure, opened)  # without a change
    save(bilal, procedure, opened | {"summary": "Mine."})


def test_conflict_is_detected_on_the_overview(forms: dict[str, Sent], amna: Client, bilal: Client) -> None:
    overview: Overview = an_overview()
    opened = form_of(bilal, address(overview))
    save(amna, overview, opened | {"title": "Another title"})
    page = refused(bilal, overview, opened | {"steps-0-body": "Bilal’s step."})
    assert "Amna Sheikh has saved this page" in page.text


def test_form_without_valid_opened_content_is_not_saved(procedure: Procedure, bilal: Client) -> None:
    for record, other, field in (
        (procedure, Procedure.objects.get(slug="tendon-transfer"), "summary"),
        (Disclaimer.objects.get(), procedure, "heading"),
    ):
        opened, opened_other = form_of(bilal, address(record)), form_of(bilal, address(other))["opened"]
        forgeries = ("", "🩺\0", "A" * 100_000, signing.dumps({field: "x"}), opened_other)
        for forged in ({}, *({"opened": forgery} for forgery in forgeries)):
            sent = {name: value for name, value in opened.items() if name != "opened"} | forged
            page = refused(bilal, record, sent | {field: "Blind."})
            assert len(changes_in(page)) >= 2, forged
            record.refresh_from_db()
            assert getattr(record, field) != "Blind.", forged
        save(bilal, record, form_in(page))


def test_row_never_changes_a_part_of_another_page(procedure: Procedure, opened: Sent, bilal: Client) -> None:
    theirs = Procedure.objects.get(slug="tendon-transfer").risks.get()
    bilal.post(address(procedure), opened | {"risks-0-id": str(theirs.pk), "risks-0-name": "Taken"})
    page = theirs.page_id
    theirs.refresh_from_db()
    assert (theirs.page_id, theirs.name) == (page, "Infection")


def test_rows_in_another_order_keep_their_parts(procedure: Procedure, opened: Sent, bilal: Client) -> None:
    """The admin's script renumbers all rows by their place on the screen when a new one is removed."""
    empty = {"name": "", "medical_term": "", "body": "", "frequency": "uncommon", "position": "5", "id": ""}
    new = {"name": "New", "body": "…", "frequency": "common", "id": ""}
    sent = with_parts(opened, {"risks": [new, empty]})
    rows = tuple(f"risks-{number}-" for number in range(4))
    moved = {name: value for name, value in sent.items() if not name.startswith(rows)}
    for place, old in enumerate([3, 0, 1, 2]):
        for name in [name for name in sent if name.startswith(rows[old])]:
            moved[name.replace(rows[old], rows[place])] = sent[name]
        moved[f"risks-{place}-position"] = str(place + 1)
    before = dict(procedure.risks.values_list("pk", "name"))
    save(bilal, procedure, moved)
    assert names(procedure) == ["New", "Infection", "Scars", "Bleeding"]
    assert before.items() <= dict(procedure.risks.values_list("pk", "name")).items()


def test_restoring_reuses_the_stored_rows(procedure: Procedure) -> None:
    sections = set(procedure.sections.values_list("pk", flat=True))
    kept = procedure.risks.get(name="Infection").pk
    procedure.risks.filter(name="Bleeding").update(name="Blood")
    procedure.risks.filter(name="Scars").delete()
    procedure.sections.filter(kind="why").update(heading="Another heading")
    publishing.restore(Publication.objects.get(page=procedure), by=None)
    assert procedure.risks.get(name="Infection").pk == kept
    assert set(procedure.sections.values_list("pk", flat=True)) == sections
    assert names(procedure) == ["Infection", "Scars", "Bleeding"]
    assert drafts.read_draft(procedure, "en").sections[0].heading.endswith(": why")


# The disclaimer, which all pages share


@pytest.fixture
def text(forms: dict[str, Sent]) -> Disclaimer:
    return Disclaimer.objects.get()


def test_conflict_names_editor_keeps_typed_text_and_can_be_saved_again(
    text: Disclaimer, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(text))
    save(amna, text, opened | {"body": "For information only.\r\nAsk a surgeon."})
    page = refused(bilal, text, opened | {"heading": "Please note"})
    assert "Amna Sheikh has saved this" in page.text
    (change,) = changes_in(page)
    assert "Changed by your colleague: Text" in change.text
    assert [added.text for added in change.all("ins")] == ["[added: Ask a surgeon.]"]
    text.refresh_from_db()
    assert (text.heading, text.body) == ("Disclaimer", "For information only.\r\nAsk a surgeon.")

    again = form_in(page)
    assert (again["heading"], again["body"]) == ("Please note", "For information only.")
    save(bilal, text, again | {"body": "For information only.\r\nAsk a surgeon.\r\nAsk twice."})
    text.refresh_from_db()
    assert text.heading == "Please note"
    assert "Ask a surgeon.\r\nAsk twice." in text.body


def test_unchanged_save_is_no_conflict_and_names_no_editor(
    text: Disclaimer, amna: Client, bilal: Client
) -> None:
    opened = form_of(bilal, address(text))
    save(bilal, text, opened)
    save(amna, text, opened | {"body": "Written by Amna."})
    sana = signed_in("Editor", email="sana@clinic.example")
    save(sana, text, form_of(sana, address(text)))
    assert "Amna Sheikh has saved this" in refused(bilal, text, opened).text
    text.refresh_from_db()
    assert text.body == "Written by Amna."


def test_unchanged_text_keeps_its_date(text: Disclaimer, amna: Client) -> None:
    """Browsers send other line ends; the pages need not be published again for that."""
    Disclaimer.objects.update(body="Do not wait.\nDo not eat.")
    text.refresh_from_db()
    sent = form_of(amna, address(text))
    save(amna, text, sent | {"body": "Do not wait.\r\nDo not eat."})
    assert Disclaimer.objects.get().changed_at == text.changed_at
    save(amna, text, sent | {"body": "Do not wait.\r\nDo not drink."})
    assert Disclaimer.objects.get().changed_at > text.changed_at
