"""The private page in a real browser: by keyboard, without JavaScript, on a narrow phone, in every state."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.request_form import press_key, type_into
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage
from tests.procedures.publishing.photos import encoded, picture

Visit = Callable[..., Any]


ADD = re.compile("^Add$")


def done(page: Page) -> str:
    """What the private page confirms; it has the focus, so that it is read aloud."""
    confirmation = page.locator("#done")
    expect(confirmation).to_be_visible()
    page.wait_for_load_state()
    expect(page.locator(":focus #done, #done:focus")).to_be_attached()
    return confirmation.inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_every_action_works_and_is_confirmed(visit: Visit, scripts: bool, tmp_path: Path) -> None:
    patient = PrivatePage()
    patient.is_offered()
    visitor = visit(java_script_enabled=scripts, viewport=PHONE)
    page = visitor.opens(patient.address)

    visitor.presses(re.compile(r"\d (am|pm)|noon"))
    assert done(page) == "Your appointment is confirmed."
    expect(page.get_by_role("heading", name="What to bring")).to_be_visible()

    page.get_by_role("link", name="Ask for another time").click()
    page.get_by_label("When would suit you better?").fill("After 5 pm, please.")
    visitor.presses("Ask for another time")
    assert done(page) == "We’ll contact you about another time. Until then, you’ll keep your appointment."

    page.get_by_role("link", name="Change how we reach you").click()
    page.get_by_label("New phone number").fill("0321 7654987")
    visitor.presses("Save changes")
    assert done(page) == "Saved. The phone number we have for you ends in 987."

    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("Your note").fill("It is worse.")
    visitor.presses("Add this note")
    assert done(page) == "We have your note."

    for name in ("hand.jpg", "arm.jpg"):
        (tmp_path / name).write_bytes(encoded(picture(size=(400, 300 if name == "hand.jpg" else 200))))
    (tmp_path / "notes.txt").write_text("hello")
    files = page.get_by_label("Choose photos or reports")
    files.set_input_files([tmp_path / "hand.jpg", tmp_path / "notes.txt"])
    visitor.presses(ADD)
    expect(page.locator(".error-message")).to_contain_text("File 2 (notes.txt)")
    expect(page.get_by_text("hand.jpg", exact=True)).to_be_visible()
    visitor.assert_accessible()
    files.set_input_files([tmp_path / "arm.jpg"])
    visitor.presses(ADD)
    assert done(page) == "We have what you added."
    small = page.get_by_role("listitem").filter(has_text="hand.jpg").locator("img")
    small.scroll_into_view_if_needed()
    expect(small).to_have_js_property("complete", True)
    assert small.evaluate("image => image.naturalWidth") > 100
    visitor.presses(re.compile("^Remove.*hand.jpg"))
    assert done(page) == "The file is removed."
    expect(page.get_by_text("hand.jpg")).to_have_count(0)
    expect(page.get_by_text("arm.jpg", exact=True)).to_be_visible()
    visitor.assert_accessible()

    page.get_by_role("link", name="Cancel the appointment and withdraw the request").click()
    visitor.presses("Withdraw my request")
    assert done(page) == "Your request is withdrawn."
    assert patient.now().status == Status.WITHDRAWN
    assert patient.now().attachments.count() == 1


def test_form_is_sent_with_its_origin_and_links_without_referrer(visit: Visit) -> None:
    """Under "no-referrer" a browser sends "Origin: null" with a form, and the check refuses it."""
    patient = PrivatePage()
    visitor = visit()
    sent: list[dict[str, str]] = []
    visitor.page.on(
        "request", lambda request: sent.append({"": request.method + request.url} | request.all_headers())
    )
    page = visitor.opens(patient.address)
    page.get_by_role("link", name="Add a note").click()
    page.get_by_label("Your note").fill("It is worse.")
    visitor.presses("Add this note")
    patient.change(status=Status.DECLINED)  # a closed request has no form
    page = visitor.opens(patient.address)
    page.get_by_role("link", name="Surgeons").last.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Surgeons")
    (posted,) = [headers for headers in sent if headers[""].startswith("POST")]
    assert posted["origin"] == visitor.site
    after = [headers for headers in sent if headers[""].endswith("/surgeons/")]
    assert after and not any("referer" in headers for headers in after)


def test_note_is_added_by_keyboard_alone(visit: Visit) -> None:
    patient = PrivatePage()
    page = visit(viewport=DESKTOP).opens(patient.address)
    press_key(page, "a", "Add a note")
    type_into(page, "id_text", "It is worse.")
    press_key(page, "button", "Add this note")
    assert done(page) == "We have your note."


def test_double_press_and_going_back_add_one_note(visit: Visit) -> None:
    patient = PrivatePage()
    page = visit().opens(patient.address_of("note"))
    page.get_by_label("Your note").fill("It is worse.")
    page.get_by_role("button", name="Add this note").dblclick()
    assert done(page) == "We have your note."
    page.go_back()
    page.go_forward()
    page.reload()
    assert patient.now().notes.count() == 1


def test_back_forward_and_reload_keep_what_was_typed(visit: Visit) -> None:
    """Also when going back to a page that answered a POST: a browser may show its own error page there."""
    patient = PrivatePage()
    visitor = visit()
    page = visitor.opens(patient.address_of("contact"))
    page.get_by_label("New phone number").fill("0321 76")
    visitor.presses("Save changes")
    expect(page.locator(".error-summary")).to_be_visible()
    page.get_by_role("link", name="Back to your request").click()
    page.go_back()
    expect(page.locator(".error-summary")).to_be_visible()
    number = page.get_by_label("New phone number")
    expect(number).to_have_value("0321 76")
    page.reload()
    expect(number).to_have_value("0321 76")
    page.go_back()
    expect(number).to_have_value("0321 76")
    page.go_forward()
    number.fill("0321 7654987")
    visitor.presses("Save changes")
    assert done(page) == "Saved. The phone number we have for you ends in 987."
    page.go_back()
    expect(number).to_have_value("0321 7654987")
    visitor.presses("Save changes")
    assert done(page) == "Saved. The phone number we have for you ends in 987."


def test_every_state_is_accessible_and_fits_a_narrow_phone(visit: Visit) -> None:
    patients = {str(status): PrivatePage(status=status, patient_name="زینب بی بی") for status in Status}
    for state in ("offered", "agreed", "wrong number"):
        patients[state] = PrivatePage()
    patients["offered"].is_offered(days=3)
    patients["agreed"].is_offered(days=4, agreed=True)
    patients["wrong number"].has_wrong_number()
    actions = {"new": ACTIONS[:4], "offered": ACTIONS[4:], "agreed": ACTIONS[5:], "withdrawn": ("note",)}
    visitor = visit(viewport=PHONE)
    for state, patient in patients.items():
        for path in ("", *actions.get(state, ())):
            visitor.page.goto(visitor.site + patient.address_of(path))
            visitor.assert_accessible()
    for state, action in (("offered", ""), ("agreed", ""), ("wrong number", "contact")):
        visitor.opens(f"/ur{patients[state].address_of(action)}")
        visitor.assert_accessible()


def test_errors_are_accessible_and_keep_what_was_typed(visit: Visit) -> None:
    patient = PrivatePage()
    patient.is_offered()
    visitor = visit(viewport=PHONE)
    for action, button in (("contact", "Save changes"), ("attachments", "Add"), ("note", "Add this note")):
        page = visitor.opens(patient.address_of(action))
        if action == "contact":
            page.get_by_label("New phone number").fill("12")
        visitor.presses(button)
        assert page.title().startswith("Error: ")
        page.locator(".error-summary a").click()
        expect(page.locator(":is(input, textarea):focus")).to_be_attached()
        visitor.assert_accessible()
    page.get_by_label("Your note").fill("It is worse.")
    ConsultationRequest.objects.update(status=Status.DECLINED)
    visitor.presses("Add this note")
    assert page.title().startswith("Error: ")
    expect(page.locator(":is(.error-summary, #id_text):focus")).to_be_attached()
    expect(page.get_by_label("Your note")).to_have_value("It is worse.")
    visitor.assert_accessible()


def test_printed_page_has_reference_and_address(visit: Visit) -> None:
    """The printed page contains its link, and says that everyone who has the link can open it."""
    patient = PrivatePage()
    page = visit(viewport=PHONE).opens(patient.address)
    page.emulate_media(media="print")
    expect(page.get_by_text(patient.request.reference)).to_be_visible()
    expect(page.get_by_role("link", name=re.compile(patient.key.token))).to_be_visible()
