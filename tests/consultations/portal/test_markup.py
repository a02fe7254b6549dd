"""The private page in every state: valid HTML, within the budgets, headings in order, no id missing."""

import itertools
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import load_sample_content, shared_world
from tests.consultations.portal.portal_pages import every_state
from tests.site import test_budgets as budgets
from tests.site import test_valid_html as validation
from tests.site.states import State, asked_in_urdu, of_response

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    """Walked through once, and undone."""
    with shared_world(django_db_blocker), django_db_blocker.unblock():
        load_sample_content()
        return [of_response(name, response) for name, response in every_state()]


@pytest.fixture(scope="module")
def urdu_states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    with shared_world(django_db_blocker), django_db_blocker.unblock(), asked_in_urdu():
        load_sample_content()
        return [of_response(f"{name} (Urdu)", response) for name, response in every_state()]


@pytest.mark.slow
@pytest.mark.skipif(not validation.VALIDATOR.exists(), reason="there is no HTML validator")
def test_every_state_is_valid_html(states: list[State], urdu_states: list[State], tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    validation.test_pages_are_valid_html(states, urdu_states, pages)


def test_every_state_fits_one_round_trip(states: list[State], urdu_states: list[State]) -> None:
    budgets.test_every_page_is_small(states, urdu_states)


def test_headings_titles_and_ids_are_right(states: list[State]) -> None:
    assert len(states) > 30
    for state in states:
        page = state.page
        is_wrong = state.name.endswith(("wrong", "meanwhile"))
        assert state.status == (409 if state.name.endswith("meanwhile") else 200), state.name
        assert page.title.startswith("Error: ") == is_wrong, state.name
        levels = [level for level, text in page.headings if text in page.main.text]
        assert levels.count(1) == 1 and (levels[0] == 1 or is_wrong), state.name
        assert all(deeper - level <= 1 for level, deeper in itertools.pairwise(levels)), state.name
        ids = {element.get("id") for element in page.all() if element.get("id")}
        named = " ".join(
            element.get(name)
            for element in page.all()
            for name in ("for", "aria-describedby", "aria-labelledby")
        )
        assert set(named.split()) <= ids, state.name
