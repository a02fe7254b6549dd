"""Parts are put in order by buttons, by keyboard alone and by dragging; their numbers come from that."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, expect
from playwright.sync_api import Page as Window

from procedures.models import Procedure
from tests.admin_forms import address
from tests.browser.conftest import press
from tests.factories import a_procedure, staff

NAMES = ["Infection", "Scars", "Bleeding"]


@pytest.fixture
def procedure(site: str) -> Procedure:
    procedure = a_procedure()
    procedure.risks.create(name="Scars", body="Each cut leaves one.", position=2)
    procedure.risks.create(name="Bleeding", body="A little.", position=3)
    return procedure


@pytest.fixture
def editor(opened: Callable[..., Window], procedure: Procedure) -> Window:
    window = opened(staff("Editor"))
    window.goto(address(procedure))
    return window


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


def test_button_moves_a_part_and_renumbers_all(editor: Window, procedure: Procedure) -> None:
    rows(editor).nth(2).get_by_role("button", name="Move up").click()
    rows(editor).nth(1).get_by_role("button", name="Move up").click()
    assert names(editor) == ["Bleeding", "Infection", "Scars"]
    assert places(editor) == ["1", "2", "3"]
    save(editor)
    assert stored(procedure) == [(1, "Bleeding"), (2, "Infection"), (3, "Scars")]
    assert names(editor) == ["Bleeding", "Infection", "Scars"]


def test_keyboard_moves_a_part_and_keeps_the_focus(editor: Window, procedure: Procedure) -> None:
    editor.locator("[name=risks-0-position]").focus()
    editor.keyboard.press("Tab")
    editor.keyboard.press("Tab")
    for _ in range(3):
        editor.keyboard.press("Enter")
    assert names(editor) == ["Scars", "Bleeding", "Infection"]
    # The button that moved it to the end still has the focus, and says that it can go no further.
    focused = editor.locator(":focus")
    expect(focused).to_have_attribute("aria-disabled", "true")
    expect(focused).to_have_accessible_name("Move down (3)")
    save(editor)
    assert stored(procedure) == [(1, "Scars"), (2, "Bleeding"), (3, "Infection")]


def test_part_is_dragged_by_its_background(editor: Window, procedure: Procedure) -> None:
    # The focus is still in a field after typing.
    editor.locator("[name=risks-1-body]").fill("Each cut leaves a scar.")
    drag(editor, rows(editor).nth(2).locator(".original"), rows(editor).nth(0))
    assert names(editor) == ["Bleeding", "Infection", "Scars"]
    assert places(editor) == ["1", "2", "3"]
    save(editor)
    assert stored(procedure) == [(1, "Bleeding"), (2, "Infection"), (3, "Scars")]


def test_dragging_in_a_field_selects_text(editor: Window) -> None:
    drag(editor, editor.locator("[name=risks-2-body]"), rows(editor).nth(0))
    assert names(editor) == NAMES


def test_section_is_dragged(editor: Window, procedure: Procedure) -> None:
    sections = editor.locator("#sections-group .inline-related:not(.empty-form)")
    sections.nth(1).locator("h3").scroll_into_view_if_needed()
    drag(editor, sections.nth(1).locator("h3"), sections.nth(0).locator("h3"))
    save(editor)
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
    rows(editor).nth(4).locator(".inline-deletelink").click()
    assert names(editor) == ["New", *NAMES]
    save(editor)
    assert stored(procedure) == list(enumerate(["New", *NAMES], start=1))
    assert before.items() <= dict(procedure.risks.values_list("pk", "name")).items()


def test_order_survives_a_form_error(editor: Window, procedure: Procedure) -> None:
    rows(editor).nth(2).get_by_role("button", name="Move up").click()
    editor.locator("[name=title]").fill("")
    press(editor, "Save and continue editing")
    expect(editor.locator(".errornote")).to_be_visible()
    assert names(editor) == ["Infection", "Bleeding", "Scars"]
    editor.locator("[name=title]").fill("A title")
    save(editor)
    assert stored(procedure) == [(1, "Infection"), (2, "Bleeding"), (3, "Scars")]


def test_position_is_typed_without_javascript(opened: Callable[..., Window], procedure: Procedure) -> None:
    window = opened(staff("Editor"), java_script_enabled=False)
    window.goto(address(procedure))
    assert window.get_by_role("button", name="Move up").count() == 0
    window.locator("[name=risks-2-position]").fill("0")
    save(window)
    assert stored(procedure) == [(1, "Bleeding"), (2, "Infection"), (3, "Scars")]


def test_controls_name_their_part(editor: Window) -> None:
    expect(editor.get_by_label("Plain name, risk 2", exact=True)).to_have_value("Scars")
    rows(editor).nth(1).get_by_role("button", name="Move up").click()
    expect(editor.get_by_label("Plain name, risk 1", exact=True)).to_have_value("Scars")
    editor.locator("#risks-group .add-row a").click()
    expect(editor.get_by_label("Plain name, risk 4", exact=True)).to_be_empty()
