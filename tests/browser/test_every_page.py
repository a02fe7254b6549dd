"""Every page and error page in a real browser: accessible, no horizontal scrolling, no console errors."""

import re
from collections.abc import Callable
from typing import Any

from django.db import connection
from django.urls import reverse
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.core import append_only
from procedures.models import Disclaimer, Overview, Practitioner, Procedure
from procedures.publishing import publishing
from tests.admin_forms import address
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import a_request, staff
from tests.site.states import public_addresses

Visit = Callable[..., Any]

# Pages that public_addresses() leaves out.
OTHER_ADDRESSES = ("/surgeons/dr-sample-one/", "/search/?q=numb+hand", "/search/?q=zzz")

# A desktop window at 400%, and a tablet.
OTHER_WINDOWS = ((320, 256), (768, 1024))


def test_public_pages_are_accessible_and_fit_every_window(visit: Visit) -> None:
    visitor = visit()
    for path in (*public_addresses(), *OTHER_ADDRESSES):
        page = visitor.opens(path)
        visitor.assert_accessible_everywhere()
        for width, height in OTHER_WINDOWS:
            page.set_viewport_size({"width": width, "height": height})
            assert not visitor.scrolls_sideways(), (path, width)


def test_urdu_pages_are_accessible_and_fit_a_narrow_phone(visit: Visit) -> None:
    visitor = visit(viewport=PHONE)
    for path in (*public_addresses(), *OTHER_ADDRESSES, "/report-a-mistake/", "/r/"):
        visitor.opens(f"/ur{path}")
        visitor.assert_accessible()
    visitor.opens("/ur/there-is-no-such-page/", 404)
    visitor.assert_accessible()
    page = visitor.opens("/ur/consultation/")
    with page.expect_navigation():
        page.locator("#request-form > div > button").click()
    expect(page.locator(".error-summary")).to_be_visible()
    visitor.assert_accessible()


def test_error_pages_are_accessible(visit: Visit, settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.core.failing_urls"
    publishing.withdraw(Procedure.objects.get(slug="tumor-removal"), language="en")
    visitor = visit()
    for path, status in (
        ("/there-is-no-such-page/", 404),
        ("/procedures/tumor-removal/", 410),
        ("/r/no-such-request-is-here/", 404),
        ("/forbidden/", 403),
        ("/suspicious/", 400),
        ("/fails/", 500),
    ):
        visitor.opens(path, status)
        visitor.assert_accessible_everywhere()
    page = visitor.opens("/report-a-mistake/")
    visitor.context.clear_cookies()
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Please send the form again")
    visitor.assert_accessible_everywhere()


def test_site_without_procedures_and_privacy_notice_is_accessible(visit: Visit) -> None:
    for procedure in Procedure.objects.all():
        publishing.withdraw(procedure, language="en")
    visitor = visit(viewport=PHONE)
    for path in ("/", "/procedures/", "/consultation/"):
        visitor.opens(path)
        visitor.assert_accessible()
    with connection.cursor() as cursor:
        append_only.remove_triggers()
        cursor.execute("DELETE FROM consultations_privacynotice")
    page = visitor.opens("/consultation/", 503)
    expect(page.get_by_role("heading", level=1)).to_have_text("Requests cannot be sent right now")
    expect(page.get_by_role("main").get_by_role("link", name="Call the clinic").first).to_be_visible()
    visitor.assert_accessible()


def test_files_of_pages_are_served(visit: Visit) -> None:
    """Style sheet, drawings, icons: from this site, compressed, and to be kept for good."""
    visitor = visit()
    answers: dict[str, Any] = {}
    visitor.page.on("response", lambda response: answers.setdefault(response.url, response))
    visitor.opens("/")
    visitor.page.wait_for_load_state("networkidle")
    assert {response.status for response in answers.values()} == {200}
    assert all(url.startswith(visitor.site) for url in answers)
    (sheet,) = (response for url, response in answers.items() if "/components/site" in url)
    assert "immutable" in sheet.headers["cache-control"]
    assert sheet.headers["content-encoding"] in ("br", "gzip")


def test_procedure_prints_as_leaflet(visit: Visit) -> None:
    visitor = visit(viewport={"width": 800, "height": 1000})
    page = visitor.opens("/procedures/replantation/")
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(page.get_by_role("button", name="Menu", exact=True)).to_be_hidden()
    expect(page.get_by_role("main").get_by_role("link", name="Request a consultation").first).to_be_hidden()
    expect(page.get_by_role("heading", name="Risks", exact=True)).to_be_visible()
    expect(page.locator(".care--routine .btn").first).to_contain_text("042 0000 0000")
    expect(page.locator(".care--routine .btn").first).to_be_visible()
    expect(page.locator(".care--emergency li").first).to_be_visible()
    for text in ("Do not freeze the part.", f"{visitor.site}/procedures/replantation/"):
        expect(page.get_by_text(text)).to_be_visible()


def test_forced_colors_and_reduced_motion(visit: Visit) -> None:
    visitor = visit(forced_colors="active", reduced_motion="reduce")
    page = visitor.opens("/")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    # The system gives the colors then: axe would measure those that the style sheet asked for.
    assert [found for found in visitor.violations() if "color-contrast" not in found] == []


def test_menu_opens_with_and_without_javascript(visit: Visit) -> None:
    """The menu is in the page; below 60rem a button opens it."""
    for scripts in (True, False):
        page = visit(java_script_enabled=scripts).opens("/")
        link = page.get_by_role("navigation", name="Main").get_by_role("link", name="Surgeons")
        expect(link).to_be_hidden()
        page.get_by_role("button", name="Menu", exact=True).click()
        expect(link).to_be_visible()
        link.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Surgeons")


# The staff side. A visitor fails the test for a refused script or style, and for an error of a script.


def test_staff_pages_log_no_browser_errors(visit: Visit) -> None:
    visitor = visit(staff(roles.MANAGER))
    procedure = Procedure.objects.all()[0]
    changelists = [
        "procedures_overview",
        "procedures_practitioner",
        "procedures_source",
        "clinic_clinicprofile",
        "clinic_openinghours",
        "clinic_closure",
        "consultations_privacynotice",
        "accounts_user",
        "auth_group",
    ]
    paths = [reverse(f"admin:{name}_changelist") for name in changelists]
    records = (procedure, Overview.objects.get(), Disclaimer.objects.get(), Practitioner.objects.all()[0])
    paths += [address(record) for record in records]
    paths += [address(procedure, view) for view in ("preview", "withdraw", "history_of")]
    paths += [reverse("admin:procedures_procedure_add"), reverse("admin:accounts_user_add")]
    for path in paths:
        visitor.opens(path)
        expect(visitor.page.locator("h1").first).to_be_visible()


def test_staff_pages_are_accessible_and_fit_a_phone(visit: Visit) -> None:
    request, procedure = a_request(), Procedure.objects.all()[0]
    visitor = visit(staff(roles.MANAGER), viewport={"width": 390, "height": 800})
    for path in (
        "/staff/",
        reverse("admin:consultations_consultationrequest_changelist"),
        address(request),
        reverse("desk:new_request"),
        reverse("admin:procedures_procedure_changelist"),
        address(procedure, "publish"),
        reverse("admin:search") + "?text=repair",
    ):
        page = visitor.opens(path)
        visitor.assert_accessible_everywhere()
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert not visitor.scrolls_sideways(), path
    # By keyboard, on a phone: the places that do not fit are one press away.
    page.get_by_text("More", exact=True).focus()
    page.keyboard.press("Enter")
    visitor.assert_accessible()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Select procedure to change")


def test_editor_adds_a_part_and_sees_a_styled_403_for_requests(visit: Visit) -> None:
    visitor = visit(staff(roles.EDITOR), viewport=DESKTOP)
    procedure = Procedure.objects.get(slug="nerve-repair")
    risks = procedure.risks.count()
    page = visitor.opens(address(procedure))
    add = "Add another Risk"
    page.get_by_role("link", name=add).or_(page.get_by_role("button", name=add)).click()
    page.locator(f"[name=risks-{risks}-name]").fill("A new risk")
    page.locator(f"[name=risks-{risks}-body]").fill("It can happen.")
    visitor.presses(re.compile("^Save$"))
    expect(page.locator(".messagelist").first).to_be_visible()
    assert procedure.risks.last().name == "A new risk"  # type: ignore[union-attr]

    request = a_request()
    visitor.opens(address(request), 403)
    expect(page.get_by_role("heading", level=1)).to_have_text("You can’t open this page")
    assert request.patient_name not in page.content()
