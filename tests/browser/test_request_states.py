"""The request form when things go wrong: nothing is lost, everything is said, nothing is stored twice."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from consultations.models import ConsultationRequest
from tests.browser.conftest import press
from tests.browser.test_request_journey import fill_in, send

Visit = Callable[..., Any]

FORM = "/consultation/request/"


def test_every_field_wrong_has_its_own_sentence_beside_it_and_in_the_summary(visit: Visit) -> None:
    visitor = visit(viewport={"width": 320, "height": 640})
    page = visitor.opens(FORM)
    page.get_by_label("Email", exact=True).check()
    page.get_by_label("My child").check()
    page.get_by_label("Patient’s full name").fill("7")
    page.get_by_label("Patient’s age").fill("minus three")
    page.get_by_label("Phone number").fill("0301 23")
    page.get_by_label("Email address").fill("nobody")
    page.get_by_label("A few words").fill("w" * 1200)
    press(page, "Continue")

    summary = page.locator(".error-summary a").all_inner_texts()
    beside = [
        text.removeprefix("Error:").strip() for text in page.locator(".error-message").all_inner_texts()
    ]
    assert summary == beside
    assert len(summary) == len(set(summary)) == 12
    # Each control says which sentence is about it.
    for control in page.locator("[aria-invalid=true]").all():
        described = (control.get_attribute("aria-describedby") or "").split()
        assert any(
            page.locator(f"[id='{name}']").get_attribute("class") == "error-message" for name in described
        )
    # Nothing typed or chosen is lost.
    assert page.get_by_label("Email", exact=True).is_checked()
    assert page.get_by_label("My child").is_checked()
    assert page.get_by_label("Patient’s full name").input_value() == "7"
    assert page.get_by_label("Patient’s age").input_value() == "minus three"
    assert page.get_by_label("Email address").input_value() == "nobody"
    assert len(page.get_by_label("A few words").input_value()) == 1200
    assert not visitor.scrolls_sideways()
    assert visitor.violations() == []
    assert ConsultationRequest.objects.count() == 0


def test_going_back_and_sending_again_stores_one_request(visit: Visit) -> None:
    """Back to the form itself: "Check your answers" holds personal details, and no browser keeps it."""
    page = visit().opens("/consultation/")
    page.get_by_label("No", exact=True).check()
    press(page, "Continue")
    fill_in(page)
    first = send(page)
    with page.expect_navigation():
        page.evaluate("history.go(-2)")
    assert page.get_by_label("Patient’s full name").input_value() == "Zainab Bibi"
    assert send(page) == first
    assert ConsultationRequest.objects.count() == 1


def test_going_back_to_the_first_page_ever_opened_here_and_correcting_it_is_one_request(visit: Visit) -> None:
    """The browser had no cookie when it asked for this form: the form must stay the same one all the same."""
    page = visit().opens(FORM)
    fill_in(page)
    first = send(page)
    with page.expect_navigation():
        page.evaluate("history.go(-2)")
    page.get_by_label("Phone number").fill("0333 1112223")
    press(page, "Continue")
    expect(page.get_by_text("This request has been sent already.")).to_be_visible()
    press(page, "Send request")
    assert page.locator(".panel").inner_text() == first
    assert ConsultationRequest.objects.get().phone == "+923331112223"


def test_going_back_to_the_form_finds_it_as_it_was_filled_in(visit: Visit) -> None:
    page = visit().opens(FORM)
    fill_in(page, name="زینب بی بی")
    press(page, "Continue")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    page.go_back()
    assert page.get_by_label("Patient’s full name").input_value() == "زینب بی بی"


def test_an_answer_can_be_changed_before_sending(visit: Visit) -> None:
    page = visit().opens(FORM)
    fill_in(page, name="Zainab Bibi")
    press(page, "Continue")
    press(page, re.compile("^Change.*Patient’s full name$"))
    expect(page.get_by_label("Patient’s full name")).to_be_focused()
    assert page.get_by_label("Phone number").input_value() == "0301 2345678"
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
    assert sorted(ConsultationRequest.objects.values_list("patient_name", flat=True)) == [
        "Ali Khan",
        "Zainab Bibi",
    ]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_very_old_browser_that_knows_no_popover_still_has_the_menu(visit: Visit, scripts: bool) -> None:
    """The menu is in the page; below 60rem a button opens it, and it closes again."""
    visitor = visit(java_script_enabled=scripts)
    page = visitor.opens("/")
    link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Surgeons")
    expect(link).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).click()
    expect(link).to_be_visible()
    link.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Surgeons")


def test_print_shows_addresses_and_leaves_out_what_cannot_be_pressed(visit: Visit) -> None:
    page = visit().opens("/procedures/replantation/")
    page.emulate_media(media="print")
    assert not page.get_by_role("button", name="Menu", exact=True).is_visible()
    assert page.get_by_text("Do not freeze the part.").is_visible()
    assert page.get_by_role("heading", name="Sources").is_visible()
