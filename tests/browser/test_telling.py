"""Telling a patient by WhatsApp, in a real browser: how many presses it takes, with and without scripts."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from consultations.models import Appointment, ConsultationRequest
from tests.factories import a_coordinator, a_request

Visit = Callable[..., Any]
MAX_INTERACTIONS = 3


def a_patient() -> ConsultationRequest:
    return a_request(contact_method="any", may_identify_clinic="yes")


def chats(visitor: Any) -> list[str]:
    """Answer for WhatsApp; return the list of texts that it is opened with."""
    found: list[str] = []

    def answer(route: Any) -> None:
        found.extend(parse_qs(urlsplit(route.request.url).query)["text"])
        route.fulfill(status=200, content_type="text/html", body="<title>WhatsApp</title>")

    visitor.context.route("https://wa.me/**", answer)
    return found


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_offer_by_whatsapp_takes_three_interactions(visit: Visit, scripts: bool, capsys: Any) -> None:
    request = a_patient()
    visitor = visit(a_coordinator(), java_script_enabled=scripts)
    texts, done = chats(visitor), []
    # Looking at the free times changes nothing.
    page = visitor.opens(f"/staff/requests/{request.pk}/time/?to=proposed")
    page.locator("input[name=starts]:not([value=other])").last.check()
    done.append("choose a time")
    visitor.presses("Save")
    done.append("Save")
    visitor.assert_accessible_everywhere()
    with page.expect_popup() as popup:
        page.locator("#tell").get_by_role("button", name="Send by WhatsApp").click()
    done.append("Send by WhatsApp")
    popup.value.wait_for_url("https://wa.me/**")
    assert "We can see you at:" in texts[0] and "/r/" in texts[0]
    assert len(done) <= MAX_INTERACTIONS
    assert Appointment.objects.get().patient_informed_at is None
    page.reload()
    expect(page.locator("#tell")).to_contain_text("not confirmed")
    visitor.assert_accessible_everywhere()
    visitor.presses(re.compile("^Sent$"))
    expect(page.locator("#tell")).to_contain_text("Told by WhatsApp")
    assert Appointment.objects.get().patient_informed_at
    with capsys.disabled():
        steps = ", ".join(done)
        print(f"\nOffer by WhatsApp: {len(done)} interactions ({steps}), then Sent")  # noqa: T201 - figures


def test_copy_puts_the_text_on_the_clipboard(visit: Visit) -> None:
    request = a_patient()
    visitor = visit(a_coordinator(), permissions=["clipboard-read", "clipboard-write"])
    page = visitor.opens(f"/staff/requests/{request.pk}/")
    page.get_by_role("region", name="Send a private link").get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status").filter(has_text="Copied.")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert request.reference in copied and "/r/" in copied


def test_text_to_copy_has_a_page_without_scripts(visit: Visit) -> None:
    request = a_patient()
    visitor = visit(a_coordinator(), java_script_enabled=False)
    page = visitor.opens(f"/staff/requests/{request.pk}/")
    with page.expect_popup() as popup:
        page.get_by_role("region", name="Send a private link").get_by_role("button", name="Copy").click()
    assert request.reference in popup.value.get_by_label("The text").input_value()
    with popup.value.expect_navigation():
        popup.value.get_by_role("button", name="Sent", exact=True).click()
    expect(popup.value.get_by_text("Recorded: sent.")).to_be_visible()
