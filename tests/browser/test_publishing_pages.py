"""The staff's pages around publishing: axe finds nothing, and a phone scrolls them in one direction only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page as Window

from procedures.models import Procedure
from procedures.publishing import publishing
from tests.admin_forms import address
from tests.browser.conftest import press
from tests.factories import a_procedure, published, staff

PAGES = [
    "change",
    "publish",
    "withdraw",
    "archive",
    "history_of",
    "preview_link",
    "compare",
    "preview",
    "changelist",
    "add",
]


@pytest.fixture
def procedure(site: str) -> Procedure:
    procedure = a_procedure()
    procedure.keyfacts.create(label="How long", value="Depends on you", certainty="varies")
    procedure.questions.create(text="Can I drive?", answer="Ask first.")
    published(procedure)
    published(procedure, live_from=timezone.now() + timedelta(days=3))
    procedure.risks.create(name="Scars", body="Each cut leaves one, a very-long-word" + "x" * 60, position=2)
    publishing.make_preview_link(procedure, language="en", by=staff())
    return procedure


def where(procedure: Procedure, view: str) -> str:
    if view in ("changelist", "add"):
        return f"/staff/procedures/procedure/{'add/' if view == 'add' else ''}"
    return address(procedure, view) + ("?from=1&to=draft" if view == "compare" else "")


@pytest.mark.parametrize("width", [360, 1280])
def test_publishing_pages_are_accessible_and_fit_the_screen(
    visit: Callable[..., Any], procedure: Procedure, width: int
) -> None:
    visitor = visit(viewport={"width": width, "height": 800})
    visitor.is_signed_in(staff("Clinical reviewer"))
    wrong: dict[str, object] = {}
    for view in PAGES:
        visitor.opens(where(procedure, view))
        if found := (visitor.violations(), visitor.scrolls_sideways()):
            wrong |= {view: found} if any(found) else {}
    assert wrong == {}


@pytest.mark.parametrize("width", [360, 1280])
def test_publishing_errors_are_accessible_and_fit_the_screen(
    visit: Callable[..., Any], procedure: Procedure, width: int
) -> None:
    visitor = visit(viewport={"width": width, "height": 800})
    window: Window = visitor.is_signed_in(staff("Clinical reviewer"))
    visitor.opens(where(procedure, "change"))
    procedure.risks.filter(name="Scars").delete()
    window.locator("[name=summary]").fill("Mine.")
    press(window, "Save and continue editing")
    assert "has saved this page since" in window.locator("#content").inner_text()
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()

    visitor.opens(where(procedure, "publish"))
    press(window, "Publish")
    assert "Choose the reviewer." in window.locator("#content").inner_text()
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
