"""What staff type outlives their session: it is put back into its form, and never sent by itself."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.urls import reverse
from playwright.sync_api import Locator, Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import Note
from procedures.models import Procedure
from tests.accounts.account_helpers import staff_with_password
from tests.browser.conftest import Visitor
from tests.factories import a_request

Visit = Callable[..., Any]


@pytest.fixture
def manager(site: str) -> User:
    return staff_with_password(roles.MANAGER)


def notice(page: Page) -> Locator:
    return page.locator(".draft")


def send_after_the_session_ended(visitor: Visitor, button: str) -> None:
    Session.objects.all().delete()
    visitor.presses(button)
    expect(visitor.page.get_by_text("What you sent was not saved.")).to_be_visible()


def test_longest_form_is_put_back_after_the_same_account_signs_in(visit: Visit, manager: User) -> None:
    procedure = Procedure.objects.get(slug="replantation")
    form = reverse("admin:procedures_procedure_change", args=[procedure.pk])
    visitor = visit(manager)
    page = visitor.opens(form)
    page.fill("#id_summary", "Typed before the session ended.")
    risks = procedure.risks.count()
    page.locator("#risks-group .add-row a").click()
    page.fill(f"#id_risks-{risks}-name", "A new risk")
    page.fill(f"#id_risks-{risks}-body", "Its words.")
    page.set_input_files(
        "#id_photo_upload", [{"name": "hand.jpg", "mimeType": "image/jpeg", "buffer": b"not one"}]
    )
    send_after_the_session_ended(visitor, "Save and continue editing")
    colleague = staff_with_password(roles.MANAGER, email="bilal@clinic.example")
    visitor.signs_in(colleague)
    expect(page.locator("#id_summary")).to_have_value(procedure.summary)
    expect(notice(page)).to_have_count(0)

    Session.objects.all().delete()
    visitor.opens(form)
    visitor.signs_in(manager)
    expect(page.locator("#id_summary")).to_have_value("Typed before the session ended.")
    expect(page.locator(f"#id_risks-{risks}-name")).to_have_value("A new risk")
    expect(notice(page)).to_contain_text("What you typed earlier is back in this form. It is not saved yet")
    expect(notice(page)).to_contain_text("Choose these files again, the browser has not kept them: hand.jpg")
    visitor.assert_accessible()
    procedure.refresh_from_db()
    assert procedure.summary != "Typed before the session ended."
    assert procedure.risks.count() == risks

    visitor.presses("Save and continue editing")
    procedure.refresh_from_db()
    assert (procedure.summary, procedure.risks.count()) == ("Typed before the session ended.", risks + 1)
    visitor.opens(form)
    expect(notice(page)).to_have_count(0)


def test_note_is_put_back_and_not_saved_by_itself(visit: Visit, manager: User) -> None:
    consultation = a_request()
    visitor = visit(manager)
    page = visitor.opens(reverse("desk:request", args=[consultation.pk]))
    page.fill("#id_text", "Call the daughter first.")
    send_after_the_session_ended(visitor, "Save only the note")
    visitor.signs_in(manager)
    expect(page.locator("#id_text")).to_have_value("Call the daughter first.")
    assert not Note.objects.exists()
    visitor.presses("Save only the note")
    assert Note.objects.count() == 1
    expect(notice(page)).to_have_count(0)
    expect(page.locator("#id_text")).to_have_value("")


def test_draft_is_offered_again_until_it_is_discarded_or_its_owner_signs_out(
    visit: Visit, manager: User
) -> None:
    visitor = visit(manager)
    form = reverse("admin:clinic_closure_add")
    page = visitor.opens(form)
    page.fill("#id_name", "Eid al-Adha")
    visitor.opens("/staff/")
    visitor.opens(form)
    expect(page.locator("#id_name")).to_have_value("")
    page.get_by_role("button", name="Put it back").click()
    expect(page.locator("#id_name")).to_have_value("Eid al-Adha")
    with page.expect_navigation():
        page.get_by_role("button", name="Discard it").click()
    expect(page.locator("#id_name")).to_have_value("")
    expect(notice(page)).to_have_count(0)
    page.fill("#id_name", "Ashura")
    visitor.signs_out()
    assert page.evaluate("Object.keys(sessionStorage)") == []


def test_typing_counts_as_activity(visit: Visit, manager: User) -> None:
    visitor = visit(manager)
    page = visitor.page
    page.clock.install()
    visitor.opens(reverse("admin:clinic_closure_add"))
    page.clock.fast_forward(61_000)
    session = reverse("session_status")
    with page.expect_response(lambda answer: answer.url.endswith(session)) as answered:
        page.locator("#id_name").press_sequentially("E")
    assert answered.value.request.method == "POST"
    assert answered.value.json()["seconds_left"] == 15 * 60


def test_form_refused_for_an_old_token_is_offered_again(visit: Visit, manager: User) -> None:
    """As after signing in again in another window."""
    visitor = visit(manager)
    page = visitor.opens(reverse("admin:clinic_closure_add"))
    page.fill("#id_name", "Eid al-Fitr")
    visitor.context.clear_cookies(name="csrftoken")
    visitor.presses(re.compile("^Save$"))
    expect(page.get_by_role("heading", level=1)).to_have_text("Please send the form again")
    visitor.assert_accessible()
    with page.expect_navigation():
        page.get_by_role("link", name="Back to the previous page").click()
    expect(page.locator("#id_name")).to_have_value("Eid al-Fitr")
