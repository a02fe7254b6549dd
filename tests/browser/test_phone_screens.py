"""What a patient's phone shows at 360 × 740 pixels, and what a printer makes of a procedure."""

import re
from collections.abc import Callable
from typing import Any

from procedures.models import Publication
from tests.browser.conftest import USUAL_PHONE

Visit = Callable[..., Any]


def screens(page: Any) -> float:
    return float(page.evaluate("document.documentElement.scrollHeight")) / USUAL_PHONE["height"]


def procedure_addresses() -> list[str]:
    live = Publication.objects.live_for("en").procedures()
    addresses = [publication.get_absolute_url() for publication in live]
    assert len(addresses) == 4
    return addresses


def test_home_and_procedures_are_short(visit: Visit) -> None:
    visitor = visit(viewport=USUAL_PHONE)
    page = visitor.opens("/")
    assert screens(page) <= 9
    strip = page.get_by_role("link", name="First aid steps").bounding_box()
    request = page.get_by_role("main").get_by_role("link", name="Request a consultation").first.bounding_box()
    assert max(strip["y"], request["y"]) < USUAL_PHONE["height"] - 44
    for address in procedure_addresses():
        length = screens(visitor.opens(address))
        assert length <= 10, (address, length)


def test_link_to_a_folded_section_opens_it(visit: Visit) -> None:
    page = visit(viewport=USUAL_PHONE).opens("/procedures/nerve-repair/#risks")
    assert page.locator("#risks").is_visible()
    assert not page.locator("#questions").is_visible()


def test_procedure_prints_on_two_pages_in_readable_type(visit: Visit) -> None:
    visitor = visit()
    for address in procedure_addresses():
        page = visitor.opens(address)
        paper = page.pdf(prefer_css_page_size=True)
        assert len(re.findall(rb"/Type\s*/Page\b", paper)) <= 2, address
        page.emulate_media(media="print")
        # In CSS pixels: 12 of them are 9 points.
        sizes = page.locator("main :is(p, li, dt, dd, h3)").evaluate_all(
            "found => found.map(element => parseFloat(getComputedStyle(element).fontSize))"
        )
        assert min(sizes) >= 12, address
        # The line of the recovery timeline is printed, too.
        line = "getComputedStyle(document.querySelector('.timeline > li'), '::after').borderInlineStartWidth"
        assert page.evaluate(line) == "3px", address


def test_pages_hold_large_text(visit: Visit) -> None:
    """200% text, as a phone's text size sets it."""
    visitor = visit(viewport=USUAL_PHONE)
    for path in ("/", "/emergency/", "/procedures/nerve-repair/", "/procedures/replantation/"):
        page = visitor.opens(path)
        page.evaluate("document.documentElement.style.setProperty('font-size', '200%')")
        assert not visitor.scrolls_sideways(), path
