"""One request at the desk, in real browsers: two colleagues at once, by keyboard, on a phone, on paper."""

from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from consultations.models import ConsultationRequest, Event
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import a_colleague, with_files
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, change_status, staff

Visit = Callable[..., Any]


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
        }
        | changes
    )
    a_request(patient_name="Bilal Khan")
    with_files(request)
    actions.add_patient_note(request, "We live far away: " + "a" * 80)
    return request


def address(request: ConsultationRequest, tail: str = "") -> str:
    return f"/staff/requests/{request.pk}/{tail}"


def opened(visit: Visit, request: ConsultationRequest, user: User | None = None, **options: Any) -> Any:
    visitor = visit(user or staff(roles.MANAGER), **options)
    visitor.opens(address(request))
    return visitor


def test_every_state_of_the_page_is_accessible(visit: Visit) -> None:
    request = a_full_request()
    visitor = opened(visit, request)
    for summary in visitor.page.locator(":is(.correct-contact, .add-files) summary").all():
        summary.click()
    visitor.assert_accessible_everywhere()
    small = visitor.page.locator(".attachments img")
    small.scroll_into_view_if_needed()
    expect(small).to_have_js_property("naturalWidth", 320)

    visitor.presses("Save only the note")  # without one
    assert visitor.page.title().startswith("Error: ")
    visitor.assert_accessible_everywhere()
    visitor.presses("New private link")
    visitor.assert_accessible_everywhere()

    change_status(request, "declined", by=staff(email="zara@clinic.example"))
    visitor.page.locator("#id_text").fill("A long call.")
    visitor.presses("No answer")
    expect(visitor.page.get_by_role("alert").first).to_contain_text("Someone else has just changed")
    expect(visitor.page.locator("#id_text")).to_have_value("A long call.")
    visitor.assert_accessible_everywhere()


def test_two_colleagues_see_each_other_and_one_wins(visit: Visit) -> None:
    request = a_request()
    sana, bilal = a_colleague("Sana Malik"), a_colleague("Bilal Ahmed")
    first = opened(visit, request, sana)
    first.page.clock.install()
    first.page.reload()
    second = opened(visit, request, bilal)
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


def test_without_scripts_one_of_two_colleagues_wins(visit: Visit) -> None:
    request, sana = a_request(), a_colleague("Sana Malik")
    first = opened(visit, request, sana, java_script_enabled=False)
    second = opened(visit, request, java_script_enabled=False)
    mine, theirs = first.page, second.page
    expect(theirs.get_by_text("Sana Malik has just opened this too.")).to_be_visible()
    first.presses("Decline")
    theirs.get_by_label("For colleagues").fill("She called again herself.")
    second.presses("Start contacting")
    expect(theirs.get_by_text("Someone else has just changed this request").first).to_be_visible()
    expect(theirs.get_by_label("For colleagues")).to_have_value("She called again herself.")
    request.refresh_from_db()
    assert request.status == Status.DECLINED
    assert request.events.filter(kind="status_changed").count() == 1
    second.presses("Reopen")
    assert request.notes.get().text == "She called again herself."
    mine.reload()
    expect(mine.get_by_text("She called again herself.")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_call_is_recorded_by_keyboard_alone(visit: Visit, scripts: bool) -> None:
    request = a_request()
    page: Page = opened(visit, request, java_script_enabled=scripts).page
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


def test_enter_in_the_callback_time_changes_nothing(visit: Visit) -> None:
    request = a_request()
    page: Page = opened(visit, request).page
    page.locator("#id_at").fill("2099-01-01T10:00")
    with page.expect_navigation():
        page.locator("#id_at").press("Enter")
    expect(page.locator("#id_at")).to_have_value("2099-01-01T10:00")
    assert not request.events.exclude(kind=Event.Kind.SUBMITTED).exists()


def test_attachments_open_and_download_and_the_page_prints(visit: Visit) -> None:
    request = a_full_request(may_identify_clinic="no")
    ConsultationRequest.objects.filter(pk=request.pk).update(status=Status.CONFIRMED)
    an_appointment(request)
    visitor = opened(visit, request)
    page: Page = visitor.page
    page.emulate_media(media="print")
    expect(page.get_by_role("heading", name="Timeline")).to_be_visible()
    for words in ("Do not say who is calling", "He cut his hand.", "Appointment:"):
        expect(page.get_by_text(words).first).to_be_visible()
    assert page.locator("button:visible, a.step:visible, textarea:visible").count() == 0

    page.emulate_media(media="screen")
    with page.expect_download() as download:
        page.get_by_role("link", name="Report 2").click()
    assert download.value.suggested_filename.endswith(".pdf")
    with page.expect_navigation():
        page.get_by_role("link", name="Photograph 1").click()
    expect(page.locator("img")).to_have_js_property("naturalWidth", 900)
    # The file is sandboxed: at times the browser tells of a script that only this test's look at it brought.
    visitor.complaints[:] = [told for told in visitor.complaints if "Blocked script execution" not in told]
