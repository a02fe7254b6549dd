"""Lighthouse scores on a phone, except performance, which ``make bench`` measures."""

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
def test_lighthouse_scores_of_public_pages(site: str, path: str) -> None:
    assert faults(site + path) == {}


def test_lighthouse_scores_of_form_except_indexing(site: str) -> None:
    assert faults(f"{site}/consultation/request/") == {"seo": ["is-crawlable"]}
