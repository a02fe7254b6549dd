"""A phone call at the desk: from the queue to a booked time, with the interactions counted."""

from collections.abc import Callable
from time import monotonic
from typing import Any

from playwright.sync_api import expect

from clinic_site.accounts import roles
from consultations.models import ConsultationRequest
from tests.browser.conftest import DESKTOP
from tests.factories import a_request, staff

Visit = Callable[..., Any]
# Clicks and fields filled in; keys like Tab do not count.
MAX_INTERACTIONS = 8


def test_phone_call_to_booked_time_takes_at_most_eight_interactions(visit: Visit) -> None:
    a_request(patient_name="Hina Malik", phone="+923217654987")
    visitor = visit(staff(roles.COORDINATOR, first_name="Amna", last_name="Sheikh"), viewport=DESKTOP)
    page, done, started = visitor.opens("/staff/requests/"), [], monotonic()

    def act(what: str, act: Callable[[], object]) -> None:
        act()
        done.append(what)

    act("New request", page.get_by_role("link", name="New request").click)
    act("phone", lambda: page.get_by_label("Phone", exact=True).fill("0321 7654987"))
    page.keyboard.press("Tab")
    expect(page.locator("#found")).to_contain_text("Hina Malik")
    act("name", lambda: page.get_by_label("Patient’s full name").fill("Bilal Ahmad"))
    act("about", lambda: page.get_by_label("About", exact=True).select_option("not_sure"))
    act("consent", page.get_by_label("Said on the phone").check)
    act("save", lambda: visitor.presses("Save and choose a time"))
    act("slot", page.locator(".times__day input:enabled").first.check)
    act("book", lambda: visitor.presses("Save"))
    request = ConsultationRequest.objects.get(patient_name="Bilal Ahmad")
    assert request.status == "confirmed"
    expect(page.locator(".timeline")).to_contain_text("Taken by Amna Sheikh on the phone")
    seconds = monotonic() - started
    print(f"\nPhone call to booked time: {len(done)} interactions, {seconds:.1f} s: {done}")  # noqa: T201 - figures
    assert len(done) <= MAX_INTERACTIONS


def test_form_is_accessible_and_works_without_scripts_by_keyboard(visit: Visit) -> None:
    a_request(patient_name="Hina Malik", phone="+923217654987")
    user = staff(roles.COORDINATOR)
    visitor = visit(user)
    page = visitor.opens("/staff/requests/new/")
    visitor.assert_accessible_everywhere()
    for summary in page.locator(".new-request summary").all():
        summary.click()
    visitor.assert_accessible_everywhere()
    visitor.presses("Save and choose a time")
    assert page.title().startswith("Error: ")
    visitor.assert_accessible_everywhere()

    page = (plain := visit(user, java_script_enabled=False)).opens("/staff/requests/new/")
    page.keyboard.type("0321 7654987")  # the field has the focus
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("Hina Malik")
    page.keyboard.type("Bilal Ahmad")
    page.keyboard.press("Tab")
    page.keyboard.type("Something")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    plain.presses("Save and choose a time")
    expect(page.get_by_role("heading", level=1)).to_contain_text("A time for")
