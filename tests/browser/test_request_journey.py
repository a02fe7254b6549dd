"""From a page to a request to the front desk, as people do it: read, answer, correct, send, go back."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from consultations.models import ConsultationRequest
from tests.accounts.account_helpers import staff_with_password
from tests.browser.conftest import DESKTOP, PHONE, press

Visit = Callable[..., Any]
FORM = "/consultation/"


def pick(page: Page, question: str, answer: str) -> None:
    """One answer of a question with several, by the question's words."""
    page.get_by_role("radiogroup", name=question).get_by_label(answer, exact=True).check()


def fill_in(page: Page, *, name: str = "Zainab Bibi") -> None:
    """As a son does who asks for his mother, and whose telephone the family shares."""
    pick(page, "Who needs the consultation?", "Another adult")
    page.get_by_label("Your name").fill("Ali Khan")
    page.get_by_label("Your relationship").fill("son")
    pick(page, "Does the patient know", "Yes")
    page.get_by_label("Patient’s full name").fill(name)
    page.get_by_label("Patient’s age").fill("64")
    pick(page, "What happened?", "I’m not sure")
    page.get_by_label("When did it start?").select_option("1 to 7 days ago")
    page.get_by_label("In your own words").fill("Two fingers are numb since Monday.")
    page.get_by_label("Your phone number").fill("0301 2345678")
    page.get_by_label("Other people use this phone").check()
    page.get_by_label("No. When you call").check()
    unfold(page)
    pick(page, "What language", "Punjabi")


def unfold(page: Page) -> None:
    if page.locator(".folded:not([open])").count():
        page.get_by_text("Contact method, language, best times and other needs").click()


def send(page: Page) -> str:
    """Through "Check your answers"; returns the reference."""
    press(page, "Check your answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    press(page, "Send request")
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    return page.locator(".panel").inner_text()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_patient_reads_and_asks_and_front_desk_answers(visit: Visit, scripts: bool) -> None:
    patient = visit(java_script_enabled=scripts)
    page = patient.opens("/")
    page.get_by_role("link", name="Numb or weak after a cut").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nerve Repair")
    page.get_by_role("link", name="Request a consultation").first.click()
    patient.assert_accessible()
    page.get_by_role("link", name="No, continue").click()
    fill_in(page)
    press(page, "Check your answers")
    patient.assert_accessible()
    press(page, "Send request")
    patient.assert_accessible()
    panel = page.locator(".panel").inner_text()
    request = ConsultationRequest.objects.get()
    assert request.reference in panel
    assert "You don’t have an appointment yet" in panel

    desk = visit(viewport=DESKTOP, java_script_enabled=scripts)
    staff = desk.opens("/staff/")
    desk.signs_in(staff_with_password(roles.COORDINATOR))
    desk.opens(reverse("desk:queue"))
    staff.get_by_role("link", name=request.reference).click()
    expect(staff.get_by_text("Two fingers are numb since Monday.")).to_be_visible()
    expect(staff.get_by_text("Do not say who is calling").first).to_be_visible()
    press(staff, "Start contacting")
    request.refresh_from_db()
    assert request.status == "contacting"
    assert [event.actor and event.actor.email for event in request.events.all()][:2] == [
        None,
        "ayesha@clinic.example",
    ]


def test_double_press_and_reload_store_one_request(visit: Visit) -> None:
    page = visit().opens(FORM)
    fill_in(page)
    press(page, "Check your answers")
    page.get_by_role("button", name="Send request").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    page.wait_for_load_state()
    first = page.locator(".panel").inner_text()
    page.reload()
    assert page.locator(".panel").inner_text() == first
    assert ConsultationRequest.objects.count() == 1


def test_going_back_and_sending_again_is_the_same_request(visit: Visit) -> None:
    """Back to the form itself, past "Check your answers".

    The browser had no cookie when it asked for this form: the form must stay the same one all the same.
    """
    page = visit().opens(FORM)
    fill_in(page)
    first = send(page)
    for phone in ("0301 2345678", "0333 1112223"):
        with page.expect_navigation():
            page.evaluate("setTimeout(() => history.go(-2))")  # after this call has returned
        expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
        page.get_by_label("Your phone number").fill(phone)
        press(page, "Check your answers")
        expect(page.get_by_text("This request has been sent already.")).to_be_visible()
        press(page, "Send request")
        assert page.locator(".panel").inner_text() == first
    assert ConsultationRequest.objects.get().phone == "+923331112223"


def moves(page: Page, how: str) -> None:
    """Press Back, Forward or Reload, by the browser's own history."""
    with page.expect_navigation():
        page.evaluate(f"setTimeout(() => {how})")  # after this call has returned


def test_back_forward_and_reload_keep_the_answers_on_every_step(visit: Visit) -> None:
    page = visit(viewport=PHONE, java_script_enabled=True).opens(FORM)
    fill_in(page)
    page.get_by_label("Your phone number").fill("12")
    press(page, "Check your answers")  # the form with an error
    page.get_by_label("Your phone number").fill("0301 2345678")
    press(page, "Check your answers")
    titles = ["Request a consultation", "Request a consultation", "Check your answers"]
    heading, name = page.get_by_role("heading", level=1), page.get_by_label("Patient’s full name")

    def is_shown(step: int) -> None:
        expect(heading).to_have_text(titles[step])
        if step < 2:
            expect(name).to_have_value("Zainab Bibi")
        else:
            expect(page.locator("input[type=hidden][name=patient_name]").first).to_have_value("Zainab Bibi")

    is_shown(2)
    for step in (1, 0):
        moves(page, "history.back()")
        is_shown(step)
    for step in (1, 2):
        moves(page, "history.forward()")
        is_shown(step)
        moves(page, "location.reload()")
        is_shown(step)
    press(page, "Send request")
    expect(heading).to_have_text("We have your request")
    moves(page, "history.back()")
    is_shown(2)
    press(page, "Send request")
    expect(heading).to_have_text("We have your request")
    moves(page, "location.reload()")
    expect(heading).to_have_text("We have your request")
    assert ConsultationRequest.objects.count() == 1


def test_yes_to_the_emergency_question_leads_to_1122_and_stores_nothing(visit: Visit) -> None:
    page = visit(viewport={"width": 320, "height": 568}).opens("/consultation/")
    page.get_by_role("link", name="Yes, get help now").click()
    page.wait_for_url("**/emergency/")
    assert page.url.endswith("/emergency/")
    call = page.get_by_role("main").get_by_role("link", name="1122").first
    expect(call).to_have_attribute("href", "tel:1122")
    expect(call).to_be_in_viewport(ratio=1)  # of a small phone, without scrolling
    assert ConsultationRequest.objects.count() == 0


def test_errors_stand_beside_each_field_and_in_a_summary_that_has_the_focus(visit: Visit) -> None:
    visitor = visit(viewport=PHONE)
    page = visitor.opens(FORM)
    page.get_by_label("My child").check()
    unfold(page)
    page.get_by_label("Email", exact=True).check()
    typed = {
        "Your name": "زینب بی بی",
        "Patient’s full name": "7",
        "Patient’s age": "minus three",
        "Your phone number": "0301 23",
        "Email address": "nobody",
        "In your own words": "🤚" * 1200,
    }
    for label, text in typed.items():
        page.get_by_label(label).fill(text)
    press(page, "Check your answers")

    assert page.title().startswith("Error: ")
    assert page.evaluate("document.activeElement.classList.contains('error-summary')")
    summary = page.locator(".error-summary a").all_inner_texts()
    beside = page.locator(".error-message").all_inner_texts()
    assert summary == [text.removeprefix("Error:").strip() for text in beside]
    assert len(summary) == len(set(summary)) == 8
    for link in page.locator(".error-summary a").all():
        link.click()
        focused = page.evaluate("document.activeElement.matches('input, textarea, select')")
        assert focused, link.inner_text()
    # Each control says which sentence is about it.
    invalid = page.locator("[aria-invalid=true]").all()
    assert invalid
    for control in invalid:
        described = (control.get_attribute("aria-describedby") or "").split()
        classes = [page.locator(f"[id='{name}']").get_attribute("class") for name in described]
        assert "error-message" in classes, control
    for label, text in typed.items():
        expect(page.get_by_label(label)).to_have_value(text)
    for label in ("My child", "Email"):
        expect(page.get_by_label(label, exact=True)).to_be_checked()
    visitor.assert_accessible()
    assert ConsultationRequest.objects.count() == 0


def test_answers_are_changed_before_sending(visit: Visit) -> None:
    """Folded questions open where something in them is wrong or to be changed."""
    visitor = visit(viewport=PHONE)
    page = visitor.opens(FORM)
    fill_in(page)
    needs = page.get_by_label("What you need at the clinic")
    needs.fill("w" * 301)
    press(page, "Check your answers")
    expect(page.locator(".error-message")).to_contain_text("You have 301")
    visitor.assert_accessible()
    needs.fill("A wheelchair")
    press(page, "Check your answers")
    press(page, re.compile("^Change.*Extras$"))
    expect(page.get_by_label("Monday")).to_be_focused()
    expect(needs).to_have_value("A wheelchair")
    press(page, "Check your answers")
    press(page, re.compile("^Change.*Who$"))
    expect(page.get_by_label("Me", exact=True)).to_be_focused()  # the first of the group
    page.get_by_label("Patient’s full name").fill("Zainab Khan")
    send(page)
    assert ConsultationRequest.objects.get().patient_name == "Zainab Khan"


def test_two_tabs_are_two_requests(visit: Visit) -> None:
    """Each form has its own key: a second patient of the same family is not swallowed."""
    visitor = visit()
    for name in ("Zainab Bibi", "Ali Khan"):
        page: Page = visitor.context.new_page()
        page.goto(visitor.site + FORM)
        fill_in(page, name=name)
        send(page)
    names = ConsultationRequest.objects.values_list("patient_name", flat=True)
    assert sorted(names) == ["Ali Khan", "Zainab Bibi"]


def test_whole_journey_by_keyboard_alone(visit: Visit) -> None:
    page = visit(viewport=DESKTOP).opens("/")
    page.keyboard.press("Tab")
    expect(page.locator(":focus")).to_have_text("Skip to main content")
    page.keyboard.press("Enter")
    tab_to(page, "a", "Request a consultation")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    choose(page, "Me")
    type_into(page, "id_patient_name", "Zainab Bibi")
    type_into(page, "id_patient_age", "34")
    choose(page, "Something else")
    tab_to(page, "#id_onset")
    page.keyboard.type("Since birth")
    type_into(page, "id_phone", "+92 301 2345678")
    press_button(page, "Check your answers")
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
