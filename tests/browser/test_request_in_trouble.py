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
from tests.browser.request_form import FORM, check, fill_in, send, sent

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
    check(page)
    line.is_cut_when_pressing("Send request")
    expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
    check(page)
    first = send(page)
    line.is_cut(True)
    line.is_cut(False)
    page.reload()
    assert sent(page) == first
    assert ConsultationRequest.objects.count() == 1


def test_request_cut_while_sending_can_be_sent_again(visit: Visit) -> None:
    """The server has stored it, the answer never comes: the patient goes back, and sends once more."""
    page = visit(viewport=PHONE).opens(FORM)
    fill_in(page)
    check(page)

    def stored_but_never_answered(route: Any) -> None:
        route.fetch(max_redirects=0)
        route.abort("connectionreset")

    page.route("**/consultation/?answers", stored_but_never_answered, times=1)
    presses_in_vain(page, "Send request")
    assert ConsultationRequest.objects.count() == 1
    # "Check your answers" had the same address, so that back leads to the form itself.
    page.go_back()
    expect(page.get_by_label("Patient’s full name")).to_have_value("Zainab Bibi")
    check(page)
    assert send(page) == ConsultationRequest.objects.get()


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
