"""The budget of Lighthouse, on a phone. What it reckons from time is measured in ``make bench``."""

import pytest

from tests import lighthouse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(lighthouse.missing()), reason=lighthouse.missing() or "it is there"),
]


def faults(url: str) -> dict[str, list[str]]:
    try:
        return lighthouse.faults(url)
    except lighthouse.NoReportError as error:
        pytest.skip(f"Lighthouse could not look at {error}")


@pytest.mark.parametrize("path", ["/", "/procedures/replantation/"])
def test_a_page_for_everybody_is_without_fault(site: str, path: str) -> None:
    assert faults(site + path) == {}


def test_the_form_has_no_fault_but_that_no_search_engine_may_list_it(site: str) -> None:
    assert faults(f"{site}/consultation/request/") == {"seo": ["is-crawlable"]}
