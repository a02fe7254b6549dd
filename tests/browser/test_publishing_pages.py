"""The staff's pages around publishing: axe finds nothing, and a phone scrolls them in one direction only."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page as Window
from playwright.sync_api import expect

from procedures.models import Procedure
from procedures.publishing import publishing
from tests.admin_forms import address
from tests.factories import a_procedure, published, staff

Visit = Callable[..., Any]

PAGES = ["change", "publish", "withdraw", "archive", "history_of", "preview_link", "compare", "preview"]
PAGES += ["changelist", "add"]


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


def test_publishing_pages_and_errors_are_accessible(visit: Visit, procedure: Procedure) -> None:
    visitor = visit(staff("Clinical reviewer"))
    window: Window = visitor.page
    for view in PAGES:
        visitor.opens(where(procedure, view))
        visitor.assert_accessible_everywhere()

    visitor.opens(where(procedure, "change"))
    procedure.risks.filter(name="Scars").delete()
    window.locator("[name=summary]").fill("Mine.")
    visitor.presses("Save and continue editing")
    expect(window.locator("#content")).to_contain_text("has saved this page since")
    visitor.assert_accessible_everywhere()

    visitor.opens(where(procedure, "publish"))
    visitor.presses("Publish")
    expect(window.locator("#content")).to_contain_text("Choose the reviewer.")
    visitor.assert_accessible_everywhere()
