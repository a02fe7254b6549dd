"""A request over a bad connection, refused, or sent again after Back: stored once, with every answer."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, expect

from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest
from tests.browser.conftest import PHONE, USUAL_PHONE, press
from tests.browser.request_form import FORM, answer_of, check, fill_in, send, sent

Visit = Callable[..., Any]


def presses_in_vain(page: Page, button: str) -> None:
    """Press a button whose answer never comes: the browser shows its own page."""
    with pytest.raises(PlaywrightError, match="net::ERR_"):
        press(page, button)
    page.wait_for_url("chrome-error://**")


def goes(page: Page, how: str) -> None:
    """Press Back, Forward or Reload, by the browser's own history."""
    with page.expect_navigation():
        page.evaluate(f"setTimeout(() => {how})")  # after this call has returned


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
    expect(page.locator(".error-summary")).to_be_focused()
    visitor.assert_accessible()
    assert page.url.endswith(reverse("consultations:request") + "?answers")


def test_back_after_send(visit: Visit) -> None:
    """Back, Forward, Reload and Send again, from every step: one request, every answer, and no scare."""
    page = visit(viewport=USUAL_PHONE).opens(FORM)
    fill_in(page)
    page.get_by_label("Your phone number").fill("12")
    press(page, "Check your answers")  # the form with an error
    page.get_by_label("Your phone number").fill("0301 2345678")
    check(page)
    heading, name = page.get_by_role("heading", level=1), page.get_by_label("Patient’s full name")
    steps = ("Request a consultation", "Request a consultation", "Check your answers", "We have your request")

    def is_shown(step: int) -> None:
        expect(heading).to_have_text(steps[step])
        if step < 2:
            expect(name).to_have_value("Zainab Bibi")
        elif step == 2:
            expect(answer_of(page, "Patient’s full name")).to_have_text("Zainab Bibi")
            expect(page.get_by_text("not sent yet")).to_have_count(0)
        else:
            assert sent(page) == request

    # Before anything is sent
    for step in (1, 0):
        goes(page, "history.back()")
        is_shown(step)
    for step in (1, 2):
        goes(page, "history.forward()")
        is_shown(step)
        goes(page, "location.reload()")
        is_shown(step)
    page.get_by_role("button", name="Send request").dblclick()
    expect(heading).to_have_text(steps[3])
    page.wait_for_load_state()
    request = sent(page)
    goes(page, "location.reload()")
    is_shown(3)

    for step in (2, 1, 0):
        goes(page, "history.back()")
        is_shown(step)
    for step in (1, 2, 3):
        goes(page, "history.forward()")
        is_shown(step)
    goes(page, "history.back()")
    send(page)
    is_shown(3)
    goes(page, "history.back()")
    goes(page, "location.reload()")
    expect(page.get_by_text("This request has been sent already.")).to_be_visible()
    with page.expect_navigation():
        page.get_by_role("link", name="See your request").click()
    is_shown(3)

    # Back to the first form, past "Check your answers", with the same and with a corrected number. The
    # browser had no cookie when it asked for this form: it must stay the same form all the same.
    goes(page, "history.go(-3)")
    for phone in ("0301 2345678", "0333 1112223"):
        is_shown(0)
        page.get_by_label("Your phone number").fill(phone)
        check(page)
        expect(page.get_by_text("This request has been sent already.")).to_be_visible()
        assert send(page) == request
        goes(page, "history.go(-2)")
    assert ConsultationRequest.objects.get().phone == "+923331112223"
    announce_new_requests()
    assert OutgoingMessage.objects.filter(kind="new_request").count() == 1
