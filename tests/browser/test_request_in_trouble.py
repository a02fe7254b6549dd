"""A request over a bad line, at 320 pixels, and with a mind that changes."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from clinic_site.core.rate_limits import Limit
from consultations.intake import submission
from consultations.models import ConsultationRequest
from tests.browser.conftest import PHONE, press
from tests.browser.test_request_journey import FORM, fill_in, pick, send, unfold

Visit = Callable[..., Any]


def presses_in_vain(page: Page, button: str) -> None:
    """Press a button whose answer never comes: the browser shows its own page."""
    with pytest.raises(PlaywrightError, match="net::ERR_"):
        press(page, button)
    page.wait_for_url("chrome-error://**")


class SlowLine:
    """A line of the second generation: half a second away, 6 KB a second, and cut at times."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._line = page.context.new_cdp_session(page)
        self._line.send("Network.enable")
        self.is_cut(False)

    def is_cut(self, offline: bool) -> None:
        speed = {"latency": 500, "downloadThroughput": 6_000, "uploadThroughput": 6_000}
        self._line.send("Network.emulateNetworkConditions", {"offline": offline, **speed})

    def is_cut_when_pressing(self, button: str) -> None:
        """The browser shows its own page; the line comes back, and the patient goes back."""
        # Chromium notes down what was typed, for Back, once a second. No patient presses sooner than that.
        self.page.wait_for_timeout(1_500)
        self.is_cut(True)
        presses_in_vain(self.page, button)
        self.is_cut(False)
        self.page.go_back()


def test_slow_line_cut_between_all_pages_loses_and_doubles_nothing(visit: Visit) -> None:
    page = visit(viewport=PHONE).opens("/consultation/")
    line = SlowLine(page)
    fill_in(page)
    line.is_cut_when_pressing("Check your answers")
    expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
    expect(page.get_by_label("Punjabi")).to_be_checked()
    press(page, "Check your answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")
    line.is_cut_when_pressing("Send request")
    expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
    first = send(page)
    line.is_cut(True)
    line.is_cut(False)
    page.reload()
    assert page.locator(".panel").inner_text() == first
    assert ConsultationRequest.objects.count() == 1


def test_request_cut_while_sending_can_be_sent_again(visit: Visit) -> None:
    """The server has stored it, the answer never comes: the patient goes back, and sends once more."""
    page = visit(viewport=PHONE).opens(FORM)
    fill_in(page)
    press(page, "Check your answers")
    expect(page.get_by_role("heading", level=1)).to_have_text("Check your answers")

    def stored_but_never_answered(route: Any) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/consultation/?answers", stored_but_never_answered, times=1)
    presses_in_vain(page, "Send request")
    assert ConsultationRequest.objects.count() == 1
    # "Check your answers" had the same address, so that back leads to the form itself.
    page.go_back()
    expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
    panel = send(page)
    assert ConsultationRequest.objects.get().reference in panel


def test_request_for_oneself_asks_for_no_more_than_it_needs(visit: Visit) -> None:
    visitor = visit(viewport=PHONE)
    page = visitor.opens(FORM)
    pick(page, "Who needs the consultation?", "Me")
    for label in ("Your name", "Your relationship", "If someone else answers", "Email address"):
        expect(page.get_by_label(label)).to_be_hidden()
    page.get_by_label("Patient’s full name").fill("Ayesha Khan")
    page.get_by_label("Patient’s age").fill("۳۴")
    pick(page, "What happened?", "Something else")
    page.get_by_label("When did it start?").select_option("In the last 24 hours")
    page.get_by_label("Your phone number").fill("۰۴۲ ۳۵۷۶۱۹۹۹ ext 204")
    unfold(page)
    pick(page, "What language", "Another language")
    page.get_by_label("Name of the language").fill("Pashto")
    page.get_by_label("Friday").check()
    page.get_by_label("Evening").check()
    page.get_by_label("I’d prefer to speak with a woman").check()
    page.get_by_label("What you need at the clinic").fill("A wheelchair")
    assert not visitor.scrolls_sideways()
    send(page)
    request = ConsultationRequest.objects.get()
    assert (request.patient_age, request.phone, request.phone_extension) == (34, "+924235761999", "204")
    assert (request.onset, request.contact_method, request.speaks_other) == (1, "any", "Pashto")
    assert (request.days, request.parts_of_day, request.woman_staff) == ([4], ["evening"], True)


def test_refused_request_is_accessible(visit: Visit, monkeypatch: Any) -> None:
    none = Limit("requests", 0, submission.REQUESTS_PER_NETWORK.period)
    monkeypatch.setattr(submission, "REQUESTS_PER_NETWORK", none)
    visitor = visit(viewport=PHONE)
    page = visitor.opens(FORM)
    fill_in(page)
    visitor.presses("Check your answers")
    visitor.presses("Send request")
    expect(page.locator(".error-summary")).to_contain_text("Your request is not sent yet")
    assert page.evaluate("document.activeElement.classList.contains('error-summary')")
    visitor.assert_accessible()
    assert page.url.endswith(reverse("consultations:request") + "?answers")
