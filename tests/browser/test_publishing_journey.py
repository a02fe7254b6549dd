"""From a changed risk to the public page and back: an editor, a reviewer without an account, a clinician."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page as Window
from playwright.sync_api import expect

from procedures.models import Procedure, Publication
from tests.admin_forms import address
from tests.browser.conftest import DESKTOP, press
from tests.factories import a_procedure, a_reviewer, published, staff

Visit = Callable[..., Any]

OLD, NEW = "Germs get in.", "Germs get in, and the wound turns red."
PUBLIC = "/procedures/lymph-vessel-repair/"


@pytest.fixture
def procedure(site: str) -> Procedure:
    procedure = a_procedure()
    published(procedure, reviewer=a_reviewer())
    return procedure


@pytest.mark.parametrize("javascript", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_changed_risk_is_published_and_restored(visit: Visit, procedure: Procedure, javascript: bool) -> None:
    options: dict[str, Any] = {"java_script_enabled": javascript}
    people = (staff("Editor"), staff("Clinical reviewer"), None, None)
    windows: list[Window] = [visit(person, viewport=DESKTOP, **options).page for person in people]
    editor, clinician, outsider, patient = windows

    # The editor changes a risk. Patients see nothing of it.
    editor.goto(address(procedure))
    expect(editor.locator(".page-state")).to_contain_text("Live: version 1")
    expect(editor.locator(".page-state")).to_contain_text("The draft says what patients see.")
    expect(editor.get_by_role("link", name="Publish…")).to_have_count(0)
    editor.locator("[name=risks-0-body]").fill(NEW)
    press(editor, "Save and continue editing")
    expect(editor.locator(".messagelist")).to_contain_text("Patients see this change once it is published.")
    expect(editor.locator(".page-state")).to_contain_text("The draft differs in:")
    patient.goto(PUBLIC)
    expect(patient.locator("main")).to_contain_text(OLD)
    expect(patient.locator("main")).not_to_contain_text(NEW)

    # A reader without an account opens the draft by a link.
    editor.get_by_role("link", name="Preview links").click()
    press(editor, "Create a link")
    link = editor.get_by_label("Copy this link now. It is not shown again.").input_value()
    outsider.goto(re.sub(r"^https?://[^/]+", "", link))
    expect(outsider.locator("body")).to_contain_text("Draft. Patients do not see this page.")
    expect(outsider.locator("main")).to_contain_text(NEW)

    # The clinician reads what changed, word by word, and signs.
    clinician.goto(address(procedure))
    clinician.get_by_role("link", name="Publish…", exact=True).click()
    expect(clinician.locator(".change ins")).to_contain_text("and the wound turns red.")
    clinician.get_by_label("Reviewed by").select_option(label="Dr. Ayesha Khan")
    clinician.get_by_label("What changed").fill("Infection is told more clearly.")
    clinician.get_by_label(re.compile("I have read this change")).check()
    press(clinician, "Publish")
    expect(clinician.locator(".messagelist")).to_contain_text("Published as version 2. Patients see it now.")

    # The page has changed, and says so.
    patient.goto(PUBLIC)
    expect(patient.locator("main")).to_contain_text(NEW)
    expect(patient.locator("main")).to_contain_text("Infection is told more clearly.")

    # The old version is read as it was, and brought back into the draft; never straight to patients.
    editor.goto(address(procedure))
    editor.get_by_role("link", name="History", exact=True).first.click()
    editor.get_by_role("link", name="1", exact=True).click()
    expect(editor.locator("body")).to_contain_text("Version 1, as it was published.")
    expect(editor.locator("main")).not_to_contain_text(NEW)
    editor.go_back()
    press(editor, "Restore into the draft 1")
    expect(editor.locator(".messagelist")).to_contain_text("The draft now says what version 1 said.")
    expect(editor.locator("[name=risks-0-body]")).to_have_value(OLD)
    patient.goto(PUBLIC)
    expect(patient.locator("main")).to_contain_text(NEW)
    versions = Publication.objects.filter(page=procedure).order_by("number")
    assert [version.number for version in versions] == [1, 2]


def test_missing_content_links_to_its_field(visit: Visit, procedure: Procedure) -> None:
    procedure.risks.all().delete()
    clinician = visit(staff("Clinical reviewer")).opens(address(procedure, "publish"))
    expect(clinician.get_by_role("button", name="Publish")).to_be_disabled()
    clinician.get_by_role("link", name="Add the risks.").click()
    expect(clinician.locator("#risks-group")).to_be_in_viewport()
