"""From a page to a request to the front desk, as people do it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest
from tests.browser.conftest import press

Visit = Callable[..., Any]


def to_the_form(page: Page) -> None:
    """From any page: by its own link, past the emergency question."""
    page.get_by_role("link", name="Request a consultation").first.click()
    page.get_by_label("No", exact=True).check()
    press(page, "Continue")


def pick(page: Page, question: str, answer: str) -> None:
    """One answer of a question with several, by the question's words."""
    page.get_by_role("radiogroup", name=question).get_by_label(answer, exact=True).check()


def fill_in(page: Page, *, name: str = "Zainab Bibi") -> None:
    """As a son does who asks for his mother, and whose telephone the family shares."""
    pick(page, "Who is the request for?", "Another adult I help")
    page.get_by_label("Your name").fill("Ali Khan")
    page.get_by_label("Your relationship").fill("son")
    pick(page, "Does the patient know", "Yes")
    page.get_by_label("Patient’s full name").fill(name)
    page.get_by_label("Patient’s age").fill("64")
    pick(page, "What is it about?", "I am not sure")
    pick(page, "When did it begin?", "1 to 7 days ago")
    page.get_by_label("A few words").fill("Two fingers are numb since Monday.")
    pick(page, "How should we contact you?", "Phone call")
    page.get_by_label("Phone number").fill("0301 2345678")
    pick(page, "If someone else answers", "No")
    pick(page, "Which language", "Punjabi")
    page.get_by_label("I agree").check()


def send(page: Page) -> str:
    """Through "Check your answers"; returns the reference."""
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    press(page, "Send request")
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    return page.locator(".panel").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_patient_reads_and_asks_and_the_front_desk_answers(
    visit: Visit, staff_member: Callable[[str], User], scripts: bool
) -> None:
    patient = visit(java_script_enabled=scripts)
    page = patient.opens("/")
    page.get_by_role("main").get_by_role("link", name="Nerve Repair").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nerve Repair")
    to_the_form(page)
    fill_in(page)
    panel = send(page)
    request = ConsultationRequest.objects.get()
    assert request.reference in panel
    assert "You do not have an appointment yet" in panel

    desk = visit(viewport={"width": 1280, "height": 800}, java_script_enabled=scripts)
    staff = desk.signs_in(staff_member(roles.COORDINATOR))
    staff.goto(desk.site + reverse("desk:queue"))
    staff.get_by_role("link", name=request.reference).click()
    expect(staff.get_by_text("Two fingers are numb since Monday.")).to_be_visible()
    expect(staff.get_by_text("Do not say who is calling").first).to_be_visible()
    press(staff, "Start contacting")
    request.refresh_from_db()
    assert request.status == "contacting"
    told = [event.actor and event.actor.email for event in request.events.all()]
    assert told[:2] == [None, "coordinator@clinic.example"]


def test_pressing_twice_going_back_and_reloading_store_one_request(visit: Visit) -> None:
    page = visit().opens("/consultation/")
    page.get_by_label("No", exact=True).check()
    press(page, "Continue")
    fill_in(page)
    press(page, "Continue")
    page.get_by_role("button", name="Send request").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    page.wait_for_load_state()
    first = page.locator(".panel").inner_text()
    page.reload()
    assert page.locator(".panel").inner_text() == first
    assert ConsultationRequest.objects.count() == 1


def test_a_yes_to_the_emergency_question_leads_to_1122_and_stores_nothing(visit: Visit) -> None:
    page = visit(viewport={"width": 320, "height": 568}).opens("/consultation/")
    page.get_by_label("Yes", exact=True).check()
    press(page, "Continue")
    assert page.url.endswith("/consultation/emergency/")
    call = page.get_by_role("main").get_by_role("link", name="1122").first
    expect(call).to_have_attribute("href", "tel:1122")
    expect(call).to_be_in_viewport(ratio=1)  # of a small phone, without scrolling
    assert ConsultationRequest.objects.count() == 0


def test_what_is_wrong_is_said_beside_each_field_and_in_a_summary_that_has_the_focus(visit: Visit) -> None:
    visitor = visit()
    page = visitor.opens("/consultation/request/")
    page.get_by_label("Patient’s full name").fill("زینب بی بی")
    page.get_by_label("Patient’s age").fill("two")
    page.get_by_label("Phone number").fill("0301 23")
    page.get_by_label("A few words").fill("My hand 🤚 hurts")
    press(page, "Continue")
    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.classList.contains('error-summary')")
    sentences = page.locator(".error-summary a").all_inner_texts()
    assert len(sentences) == len(set(sentences)) >= 6
    for link in page.locator(".error-summary a").all():
        link.click()
        focused = page.evaluate("document.activeElement.matches('input, textarea, select')")
        assert focused, link.inner_text()
    assert page.get_by_label("Patient’s full name").input_value() == "زینب بی بی"
    assert page.get_by_label("Patient’s age").input_value() == "two"
    assert page.get_by_label("Phone number").input_value() == "0301 23"
    assert page.get_by_label("A few words").input_value() == "My hand 🤚 hurts"
    assert visitor.violations() == []


def test_the_whole_journey_works_by_keyboard_alone(visit: Visit) -> None:
    page = visit(viewport={"width": 1280, "height": 900}).opens("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "a", "Request a consultation")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    choose(page, "No")
    press_button(page, "Continue")
    choose(page, "Me")
    type_into(page, "id_patient_name", "Zainab Bibi")
    type_into(page, "id_patient_age", "34")
    choose(page, "Something else")
    choose(page, "Since birth")
    choose(page, "Phone call")
    type_into(page, "id_phone", "+92 301 2345678")
    choose(page, "No")
    choose(page, "Urdu")
    tab_to(page, "#id_consent")
    page.keyboard.press("Space")
    press_button(page, "Continue")
    press_button(page, "Send request")
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    assert ConsultationRequest.objects.get().patient_age == 34


def tab_to(page: Page, selector: str, text: str = "") -> None:
    """Press Tab until the focus is on an element that matches, as somebody without a mouse does."""
    for _press in range(120):
        page.keyboard.press("Tab")
        if page.evaluate(
            "([selector, text]) => document.activeElement.matches(selector)"
            " && document.activeElement.textContent.includes(text)",
            [selector, text],
        ):
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none"
            return
    raise AssertionError(f"the keyboard never reached {selector} {text}")


def choose(page: Page, label: str) -> None:
    """Tab into the group of radios that has this label, then move with the arrows."""
    wanted = page.get_by_label(label, exact=True).locator("visible=true")
    tab_to(page, f"input[name='{wanted.get_attribute('name')}']")
    page.keyboard.press("Space")
    for _press in range(12):
        if wanted.is_checked():
            return
        page.keyboard.press("ArrowDown")
    raise AssertionError(f"the arrows never reached {label}")


def type_into(page: Page, field: str, text: str) -> None:
    tab_to(page, f"#{field}")
    page.keyboard.type(text)


def press_button(page: Page, text: str) -> None:
    tab_to(page, "button", text)
    with page.expect_navigation():
        page.keyboard.press("Enter")
