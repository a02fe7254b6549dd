"""Each field in each wrong way: the summary leads to it, nothing typed is lost, and nobody is blamed.

The sentences themselves are tested in ``tests/consultations/intake/test_form_errors.py``.
"""

import re
from collections.abc import Callable, Iterable

from playwright.sync_api import Page, expect

from consultations.models import ConsultationRequest
from tests.browser.conftest import PHONE, Visitor, press
from tests.browser.request_form import FORM, check, pick, send, unfold

Visit = Callable[..., Visitor]
BLAME = re.compile(r"wrong|invalid|incorrect|must|fail|illegal|not (?:a )?valid|refused|your mistake", re.I)

# Wrong answers by label, in the order of the page.
MISTAKES: tuple[dict[str, str], ...] = (
    {
        "Your name": "0301 2345678",
        "Your relationship": "?",
        "Patient’s full name": "7",
        "Patient’s age": "minus three",
        "In your own words": "🤚" * 1200,
        "Your phone number": "0301 23",
        "Email address": "nobody",
        "Name of the language": "12",
        "City or town": "54000",
        "What you need at the clinic": "w" * 301,
    },
    {
        "Your name": "ز" * 121,
        "Your relationship": "ب" * 61,
        "Patient’s full name": "ن" * 121,
        "Patient’s age": "1986",
        "Your phone number": "0301 2345678 / 0333 1112223",
        "Email address": "زینب@gmail.com",
        "Name of the language": "پ" * 41,
        "City or town": "ل" * 61,
    },
    {
        "Patient’s age": "150",
        "Your phone number": "call me",
        "Email address": "name@localhost",
    },
)
RIGHT = {
    "Your name": "زینب بی بی",
    "Your relationship": "بیٹی",
    "Patient’s full name": "نسرین بی بی",
    "Patient’s age": "62",
    "In your own words": "Two fingers are numb.",
    "Your phone number": "0301 2345678",
    "Email address": "zainab@example.com",
    "Name of the language": "Pashto",
    "City or town": "Lahore",
    "What you need at the clinic": "A wheelchair",
}
# The question of the control that has the focus, if it is on the screen together with its error, and
# described by it.
QUESTION_IN_FOCUS = """() => {
    const field = document.activeElement, group = field.closest("fieldset"), top = field.closest(".field");
    const described = ((group || field).getAttribute("aria-describedby") || "").split(" ");
    return field.matches("input, textarea, select")
        && top.getBoundingClientRect().top >= 0 && field.getBoundingClientRect().bottom <= innerHeight
        && (group || field).getAttribute("aria-invalid") === "true"
        && described.some(id => document.getElementById(id)?.matches(".error-message"))
        && (group ? group.querySelector("legend") : field.labels[0]).innerText;
}"""


def assert_errors_lead_to(page: Page, questions: Iterable[str]) -> None:
    """Expect the form again, with errors of these questions in a summary in focus and beside each field."""
    press(page, "Check your answers")
    assert page.title().startswith("Error: ")
    expect(page.locator(".error-summary")).to_be_focused()
    links = page.locator(".error-summary a").all()
    sentences = [link.inner_text() for link in links]
    beside = page.locator(".error-message").all_inner_texts()
    assert sentences == [text.removeprefix("Error:").strip() for text in beside]
    reached = []
    for link, sentence in zip(links, sentences, strict=True):
        assert not BLAME.search(sentence), sentence
        link.click()
        expect(page.locator(link.get_attribute("href") or "")).to_be_focused()
        reached.append(page.evaluate(QUESTION_IN_FOCUS) or "")
    for shown, question in zip(reached, questions, strict=True):
        assert question in shown, (shown, sentences)


def test_every_mistake_in_turn(visit: Visit) -> None:
    visitor = visit(viewport=PHONE, reduced_motion="reduce")
    page = visitor.opens(FORM)
    assert_errors_lead_to(
        page,
        [
            *("Who needs the consultation?", "Patient’s full name", "Patient’s age"),
            *("What happened?", "When did it start?", "Your phone number"),
        ],
    )
    visitor.assert_accessible()
    # Questions that come with the answers to others, left empty; a folded one is open where it is wrong.
    pick(page, "Who needs the consultation?", "Another adult")
    page.get_by_label("Other people use this phone").check()
    unfold(page)
    pick(page, "How should we contact you?", "Email")
    pick(page, "What language", "Another language")
    assert_errors_lead_to(
        page,
        [
            *("Your name", "Your relationship", "Does the patient know"),
            *("Patient’s full name", "Patient’s age", "What happened?"),
            *("When did it start?", "Your phone number", "If someone else"),
            *("Email address", "Name of the language"),
        ],
    )
    visitor.assert_accessible()
    pick(page, "Does the patient know", "Yes")
    pick(page, "What happened?", "I’m not sure")
    page.get_by_label("When did it start?").select_option("1 to 7 days ago")
    page.get_by_label("No. When you call").check()
    for mistakes in MISTAKES:
        typed = RIGHT | mistakes
        for label, words in typed.items():
            page.get_by_label(label).fill(words)
        assert_errors_lead_to(page, mistakes)
        for label, words in typed.items():
            expect(page.get_by_label(label)).to_have_value(words)
        for label in ("Another adult", "Email", "Another language", "Other people use this phone"):
            expect(page.get_by_label(label, exact=True)).to_be_checked()
    visitor.assert_accessible()
    assert not ConsultationRequest.objects.exists()

    # Everything is right now but the way of contact: SMS does not reach a landline.
    for label, words in (RIGHT | {"Your phone number": "042 35761999"}).items():
        page.get_by_label(label).fill(words)
    pick(page, "How should we contact you?", "SMS only")
    assert_errors_lead_to(page, ["Your phone number"])
    pick(page, "How should we contact you?", "Call only")
    check(page)
    # Changing an answer later. Folded questions open where something in them is to be changed.
    press(page, re.compile("^Change.*Extras$"))
    expect(page.get_by_label("Monday")).to_be_focused()
    expect(page.get_by_label("What you need at the clinic")).to_have_value("A wheelchair")
    check(page)
    press(page, re.compile("^Change.*Who$"))
    expect(page.get_by_label("Me", exact=True)).to_be_focused()  # the first of the group
    page.get_by_label("Patient’s full name").fill("نسرین خان")
    check(page)
    request = send(page)
    assert (request.patient_name, request.requester_name, request.email) == ("نسرین خان", "زینب بی بی", "")
