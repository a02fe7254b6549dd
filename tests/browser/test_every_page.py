"""Every page in a real browser: accessible, no horizontal scrolling, no console errors."""

from collections.abc import Callable
from typing import Any

import pytest
from django.urls import reverse

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from procedures.models import Procedure
from tests.factories import a_request
from tests.site.states import addresses_in_the_sitemap

Visit = Callable[..., Any]

# The window of a small phone; a desktop window at 400%; a tablet; a desktop.
WINDOWS = {"320 px": (320, 640), "1280 px at 400%": (320, 256), "768 px": (768, 1024), "1280 px": (1280, 800)}


def public_addresses() -> list[str]:
    return [
        *addresses_in_the_sitemap(),
        reverse("consultations:emergency"),
        reverse("consultations:request"),
        "/there-is-no-such-page/",
    ]


@pytest.mark.parametrize("window", WINDOWS)
def test_pages_do_not_scroll_sideways(visit: Visit, window: str) -> None:
    width, height = WINDOWS[window]
    visitor = visit(viewport={"width": width, "height": height})
    for address in public_addresses():
        visitor.opens(address)
        assert not visitor.scrolls_sideways(), address


@pytest.mark.parametrize("window", ["320 px", "1280 px"])
def test_axe_on_public_pages(visit: Visit, window: str) -> None:
    width, height = WINDOWS[window]
    visitor = visit(viewport={"width": width, "height": height})
    found = []
    for address in public_addresses():
        visitor.opens(address)
        found += visitor.violations()
    assert found == []


def test_axe_on_request_states(visit: Visit) -> None:
    from tests.browser.test_request_journey import fill_in

    visitor = visit()
    found = []
    visitor.opens(reverse("consultations:start"))
    visitor.presses("Continue")
    found += visitor.violations()
    page = visitor.opens(reverse("consultations:request"))
    visitor.presses("Continue")
    found += visitor.violations()
    fill_in(page)
    visitor.presses("Continue")
    found += visitor.violations()
    visitor.presses("Send request")
    found += visitor.violations()
    assert found == []


def test_files_of_pages_are_served(visit: Visit) -> None:
    """Style sheet, drawings, icons: from this site, compressed, and to be kept for good."""
    visitor = visit()
    answers: dict[str, Any] = {}
    visitor.page.on("response", lambda response: answers.setdefault(response.url, response))
    visitor.opens("/")
    visitor.page.wait_for_load_state("networkidle")
    assert {response.status for response in answers.values()} == {200}
    assert all(url.startswith(visitor.site) for url in answers)
    (sheet,) = (response for url, response in answers.items() if "/css/site" in url)
    assert "immutable" in sheet.headers["cache-control"]
    assert sheet.headers["content-encoding"] in ("br", "gzip")


def test_procedure_prints_as_leaflet(visit: Visit) -> None:
    visitor = visit(viewport={"width": 800, "height": 1000})
    page = visitor.opens(reverse("procedures:procedure", args=["nerve-repair"]))
    page.emulate_media(media="print")
    assert not page.get_by_role("navigation", name="Main").is_visible()
    assert not page.get_by_role("main").get_by_role("link", name="Request a consultation").first.is_visible()
    assert page.get_by_role("heading", name="Risks", exact=True).is_visible()
    assert page.get_by_text(f"{visitor.site}/procedures/nerve-repair/").is_visible()


def test_forced_colors_and_reduced_motion(visit: Visit) -> None:
    visitor = visit(forced_colors="active", reduced_motion="reduce")
    page = visitor.opens("/")
    assert page.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert page.get_by_role("heading", level=1).is_visible()
    # The system gives the colors then: axe would measure those that the style sheet asked for.
    assert [found for found in visitor.violations() if "color-contrast" not in found] == []


def test_staff_pages_are_accessible_and_fit_a_phone(
    visit: Visit, staff_member: Callable[[str], User]
) -> None:
    request = a_request()
    procedure = Procedure.objects.first()
    assert procedure is not None
    visitor = visit(viewport={"width": 390, "height": 800})
    visitor.opens("/staff/")
    found = visitor.violations()
    visitor.signs_in(staff_member(roles.MANAGER))
    for address in (
        "/staff/",
        reverse("admin:consultations_consultationrequest_changelist"),
        reverse("admin:consultations_consultationrequest_change", args=[request.pk]),
        reverse("admin:procedures_procedure_changelist"),
        reverse("admin:procedures_procedure_publish", args=[procedure.pk]),
    ):
        visitor.opens(address)
        assert not visitor.scrolls_sideways(), address
        found += visitor.violations()
    assert found == []
