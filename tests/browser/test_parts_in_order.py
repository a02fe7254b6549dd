"""Parts are put in order by buttons, by keyboard alone and by dragging; their numbers come from that."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Window

from procedures.models import Procedure
from tests.admin_forms import address
from tests.browser.conftest import press
from tests.factories import a_procedure, staff

Visit = Callable[..., Any]

NAMES = ["Infection", "Scars", "Bleeding"]


@pytest.fixture
def procedure(site: str) -> Procedure:
    procedure = a_procedure()
    procedure.risks.create(name="Scars", body="Each cut leaves one.", position=2)
    procedure.risks.create(name="Bleeding", body="A little.", position=3)
    return procedure


@pytest.fixture
def editor(visit: Visit, procedure: Procedure) -> Window:
    return visit(staff("Editor")).opens(address(procedure))


def rows(window: Window) -> Locator:
    return window.locator("#risks-group tr.form-row:not(.empty-form)")


def names(window: Window) -> list[str]:
    return [row.locator("input[name$='-name']").input_value() for row in rows(window).all()]


def places(window: Window) -> list[str]:
    return [row.locator("input[name$='-position']").input_value() for row in rows(window).all()]


def save(window: Window) -> None:
    press(window, "Save and continue editing")
    expect(window.locator(".messagelist")).to_contain_text("was changed successfully")


def stored(procedure: Procedure) -> list[tuple[int, str]]:
    return list(procedure.risks.values_list("position", "name"))


def test_buttons_move_parts_also_by_keyboard(editor: Window, procedure: Procedure) -> None:
    rows(editor).nth(2).get_by_role("button", name="Move up").click()
    rows(editor).nth(1).get_by_role("button", name="Move up").click()
    assert names(editor) == ["Bleeding", "Infection", "Scars"]
    assert places(editor) == ["1", "2", "3"]
    expect(editor.get_by_label("Plain name, risk 1", exact=True)).to_have_value("Bleeding")
    save(editor)
    assert stored(procedure) == [(1, "Bleeding"), (2, "Infection"), (3, "Scars")]

    editor.locator("[name=risks-0-position]").focus()
    editor.keyboard.press("Tab")
    editor.keyboard.press("Tab")
    for _ in range(3):
        editor.keyboard.press("Enter")
    assert names(editor) == ["Infection", "Scars", "Bleeding"]
    # The button that moved it to the end still has the focus, and says that it can go no further.
    focused = editor.locator(":focus")
    expect(focused).to_have_attribute("aria-disabled", "true")
    expect(focused).to_have_accessible_name("Move down (3)")

    # The order survives an error in the form.
    editor.locator("[name=title]").fill("")
    press(editor, "Save and continue editing")
    expect(editor.locator(".errornote")).to_be_visible()
    assert names(editor) == ["Infection", "Scars", "Bleeding"]
    editor.locator("[name=title]").fill("A title")
    save(editor)
    assert stored(procedure) == [(1, "Infection"), (2, "Scars"), (3, "Bleeding")]


def test_parts_are_dragged_by_their_background(editor: Window, procedure: Procedure) -> None:
    # Dragging in a field selects its text. The focus is still in a field after typing.
    drag(editor, editor.locator("[name=risks-2-body]"), rows(editor).nth(0))
    assert names(editor) == NAMES
    editor.locator("[name=risks-1-body]").fill("Each cut leaves a scar.")
    drag(editor, rows(editor).nth(2).locator(".original"), rows(editor).nth(0))
    assert names(editor) == ["Bleeding", "Infection", "Scars"]
    assert places(editor) == ["1", "2", "3"]
    sections = editor.locator("#sections-group .inline-related:not(.empty-form)")
    sections.nth(1).locator("h3").scroll_into_view_if_needed()
    drag(editor, sections.nth(1).locator("h3"), sections.nth(0).locator("h3"))
    save(editor)
    assert stored(procedure) == [(1, "Bleeding"), (2, "Infection"), (3, "Scars")]
    assert [section.kind for section in procedure.sections.all()][:2] == ["alternatives", "why"]


def drag(window: Window, held: Locator, target: Locator) -> None:
    target.scroll_into_view_if_needed()
    held_at, target_at = held.bounding_box(), target.bounding_box()
    assert held_at and target_at
    window.mouse.move(held_at["x"] + 8, held_at["y"] + 8)
    window.mouse.down()
    for step in (0.5, 0.9, 1.0):
        window.mouse.move(
            held_at["x"] + 12, held_at["y"] + (target_at["y"] + 3 - held_at["y"]) * step, steps=5
        )
    window.mouse.up()


def test_new_part_is_moved_and_removed(editor: Window, procedure: Procedure) -> None:
    """Django's script renumbers all rows when an added row is removed; each must still mean its own part."""
    before = dict(procedure.risks.values_list("pk", "name"))
    for number, name in ((3, "New"), (4, "Not wanted")):
        editor.locator("#risks-group .add-row a").click()
        editor.locator(f"[name=risks-{number}-name]").fill(name)
        editor.locator(f"[name=risks-{number}-body]").fill("A text.")
    for _ in range(3):
        rows(editor).filter(has=editor.locator("[name=risks-3-name]")).get_by_role(
            "button", name="Move up"
        ).click()
    assert names(editor) == ["New", *NAMES, "Not wanted"]
    expect(editor.get_by_label("Plain name, risk 5", exact=True)).to_have_value("Not wanted")
    rows(editor).nth(4).locator(".inline-deletelink").click()
    assert names(editor) == ["New", *NAMES]
    save(editor)
    assert stored(procedure) == list(enumerate(["New", *NAMES], start=1))
    assert before.items() <= dict(procedure.risks.values_list("pk", "name")).items()


def test_parts_are_added_and_ordered_without_javascript(visit: Visit, procedure: Procedure) -> None:
    window = visit(staff("Editor"), java_script_enabled=False).opens(address(procedure))
    assert window.get_by_role("button", name="Move up").count() == 0
    window.get_by_role("link", name="Show empty rows for new parts").click()
    window.locator("[name=risks-3-name]").fill("Numbness")
    window.locator("[name=risks-3-body]").fill("It may last.")
    for number, position in ((2, "0"), (3, "9")):
        window.locator(f"[name=risks-{number}-position]").fill(position)
    save(window)
    assert [name for _position, name in stored(procedure)] == ["Bleeding", "Infection", "Scars", "Numbness"]
