"""Filling in the request form in a browser, by the words that a patient reads, with or without a mouse."""

import re

from playwright.sync_api import Locator, Page, expect

from consultations.models import ConsultationRequest
from tests.browser.conftest import press

FORM = "/consultation/"


def pick(page: Page, question: str, answer: str) -> None:
    """One answer of a question with several, by the question's words."""
    page.get_by_role("radiogroup", name=question).get_by_label(answer, exact=True).check()


def unfold(page: Page) -> None:
    if page.locator(".folded:not([open])").count():
        page.get_by_text("Contact method, language, best times and other needs").click()


def fill_in_patient(page: Page, who: str, *, name: str, age: str, sender: tuple[str, str] = ("", "")) -> None:
    """Say who needs the consultation, and who asks for it: the sender's name and relationship."""
    pick(page, "Who needs the consultation?", who)
    for label, words in zip(("Your name", "Your relationship"), sender, strict=True):
        if words:
            page.get_by_label(label).fill(words)
    page.get_by_label("Patient’s full name").fill(name)
    page.get_by_label("Patient’s age").fill(age)


def fill_in_shared_phone(page: Page, number: str) -> None:
    """Give a phone number that others use, too, and ask the clinic not to say who is calling."""
    page.get_by_label("Your phone number").fill(number)
    page.get_by_label("Other people use this phone").check()
    page.get_by_label("No. When you call").check()


def fill_in(page: Page) -> None:
    """Fill in the whole form, as a son does for his mother."""
    fill_in_patient(page, "Another adult", name="Zainab Bibi", age="64", sender=("Ali Khan", "son"))
    pick(page, "Does the patient know", "Yes")
    pick(page, "What happened?", "I’m not sure")
    page.get_by_label("When did it start?").select_option("1 to 7 days ago")
    page.get_by_label("In your own words").fill("Two fingers are numb since Monday.")
    fill_in_shared_phone(page, "0301 2345678")
    unfold(page)
    pick(page, "What language", "Punjabi")


def check(page: Page) -> None:
    press(page, "Check your answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")


def send(page: Page) -> ConsultationRequest:
    """Send the request from "Check your answers"; return it as it is stored."""
    press(page, re.compile("^Send (request|again)$"))
    return sent(page)


def sent(page: Page) -> ConsultationRequest:
    """Return the request whose private page is open."""
    expect(page.get_by_role("heading", level=1)).to_have_text("We have your request")
    return ConsultationRequest.objects.get(reference=page.locator(".panel strong bdi").inner_text())


def answer_of(page: Page, question: str) -> Locator:
    """Return the answer beside a question, on "Check your answers" and on the staff's page."""
    return page.locator(f"dt:text-is('{question}') + dd")


# By keyboard alone


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


def press_key(page: Page, selector: str, text: str) -> None:
    """Tab to a link or button and press Enter; wait for the page that it leads to."""
    tab_to(page, selector, text)
    with page.expect_navigation():
        page.keyboard.press("Enter")
