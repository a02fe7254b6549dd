"""One request at the desk, in real browsers: two colleagues at once, by keyboard, on a phone, on paper."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.lifecycle import status_changes
from consultations.models import ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import a_colleague, with_files
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, staff

Visit = Callable[..., Any]

PHONE, DESKTOP = {"width": 320, "height": 700}, {"width": 1280, "height": 900}


def a_full_request(**changes: Any) -> ConsultationRequest:
    """With something in every part of the page."""
    request = a_request(
        **{
            "for_whom": "child",
            "requester_name": "Ayesha Khan",
            "relationship": "mother",
            "patient_name": "علی رضا",
            "message": "He cut his hand.",
            "email": "ayesha@example.com",
            "whatsapp": "+923219876543",
            "whatsapp_as_typed": "0321 9876543",
        }
        | changes
    )
    a_request(patient_name="Bilal Khan")
    with_files(request)
    actions.add_patient_note(request, "We live far away: " + "a" * 80)
    return request


def address(request: ConsultationRequest, tail: str = "") -> str:
    return f"/staff/requests/{request.pk}/{tail}"


@pytest.fixture
def desk(visit: Visit) -> Callable[..., Any]:
    def make(request: ConsultationRequest, user: User | None = None, **options: Any) -> Any:
        visitor = visit(**({"viewport": DESKTOP} | options))
        visitor.is_signed_in(user or staff(roles.MANAGER))
        visitor.opens(address(request))
        return visitor

    return make


@pytest.mark.parametrize("viewport", [PHONE, DESKTOP], ids=["phone", "desktop"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_state_of_the_page_is_clean_and_fits(
    desk: Callable[..., Any], viewport: dict[str, int], scheme: str
) -> None:
    request = a_full_request()
    visitor = desk(request, viewport=viewport, color_scheme=scheme)
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()
    small = visitor.page.locator(".attachments img")
    small.scroll_into_view_if_needed()
    expect(small).to_have_js_property("naturalWidth", 320)

    visitor.presses("Save only the note")  # without one
    assert visitor.page.title().startswith("Error: ")
    assert visitor.violations() == []
    visitor.presses("New private link")
    assert visitor.violations() == []
    assert not visitor.scrolls_sideways()

    status_changes.change_status(
        request, "declined", actor=staff(email="zara@clinic.example"), expected_status="new"
    )
    visitor.page.locator("#id_text").fill("A long call.")
    visitor.presses("No answer")
    expect(visitor.page.get_by_role("alert").first).to_contain_text("Someone else has just changed")
    expect(visitor.page.locator("#id_text")).to_have_value("A long call.")
    assert visitor.violations() == []


def test_two_colleagues_see_each_other_and_one_wins(desk: Callable[..., Any]) -> None:
    request = a_request()
    sana, bilal = a_colleague("Sana Malik"), a_colleague("Bilal Ahmed")
    first = desk(request, sana)
    first.page.clock.install()
    first.page.reload()
    second = desk(request, bilal)
    expect(second.page.locator("#present")).to_contain_text("Sana Malik has just opened this too.")
    expect(first.page.locator("#present")).to_have_text("")
    first.page.clock.run_for(31_000)
    expect(first.page.locator("#present")).to_contain_text("Bilal Ahmed has just opened this too.")
    expect(first.page.get_by_role("status")).to_have_text("Bilal Ahmed has this open too.")

    second.presses("Spoke")
    expect(second.page.locator(".messagelist")).to_contain_text("Contact attempt recorded.")
    first.page.clock.run_for(31_000)
    expect(first.page.locator("#present")).to_contain_text("This request has changed since you opened it.")
    first.page.locator("#id_text").fill("Rang ten times.")
    first.presses("No answer")
    expect(first.page.get_by_role("alert").first).to_contain_text(
        "Someone else has just changed this request."
    )
    expect(first.page.locator("#id_text")).to_have_value("Rang ten times.")
    first.presses("No answer")
    outcomes = [event.detail["outcome"] for event in request.events.filter(kind=Event.Kind.CONTACTED)]
    assert outcomes == ["spoke", "no_answer"]
    assert [note.text for note in request.notes.all()] == ["Rang ten times."]


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_call_is_recorded_by_keyboard_alone(desk: Callable[..., Any], scripts: bool) -> None:
    request = a_request()
    page: Page = desk(request, java_script_enabled=scripts).page
    page.get_by_label("For colleagues").focus()
    page.keyboard.type("Rang twice.")
    for _tab in range(20):
        page.keyboard.press("Tab")
        if page.locator("button:focus", has_text="No answer").count():
            break
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator(".timeline")).to_contain_text("Contact tried No answer")
    expect(page.locator(".timeline")).to_contain_text("Rang twice.")
    request.refresh_from_db()
    assert request.status == Status.CONTACTING


def test_enter_in_the_time_to_call_back_does_nothing_by_mistake(desk: Callable[..., Any]) -> None:
    request = a_request()
    page: Page = desk(request).page
    page.locator("#id_at").fill("2099-01-01T10:00")
    with page.expect_navigation():
        page.locator("#id_at").press("Enter")
    expect(page.locator("#id_at")).to_have_value("2099-01-01T10:00")
    assert not request.events.exclude(kind=Event.Kind.SUBMITTED).exists()


def test_a_attachment_opens_whole_and_a_report_is_downloaded(desk: Callable[..., Any]) -> None:
    visitor = desk(a_full_request())
    page: Page = visitor.page
    with page.expect_download() as download:
        page.get_by_role("link", name="Report 2").click()
    assert download.value.suggested_filename.endswith(".pdf")
    with page.expect_navigation():
        page.get_by_role("link", name="Photograph 1").click()
    expect(page.locator("img")).to_have_js_property("naturalWidth", 900)
    # The file is sandboxed: at times the browser tells of a script that only this test's look at it brought.
    visitor.complaints[:] = [told for told in visitor.complaints if "Blocked script execution" not in told]


def test_it_prints_what_was_said_and_happened_without_the_buttons(desk: Callable[..., Any]) -> None:
    request = a_full_request(may_identify_clinic="no")
    ConsultationRequest.objects.filter(pk=request.pk).update(status=Status.CONFIRMED)
    an_appointment(request)
    page: Page = desk(request).page
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    for words in ("Do not say who is calling", "He cut his hand.", "Appointment:"):
        expect(page.get_by_text(words).first).to_be_visible()
    assert page.locator("button:visible, a.step:visible, textarea:visible").count() == 0
