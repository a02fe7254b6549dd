"""Visit every state of the site once in each language, for all tests in this folder."""

from dataclasses import replace
from typing import Any

import pytest

from tests.conftest import load_sample_content, shared_world
from tests.site.states import State, asked_in_urdu, every_state


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The database is made for those who are marked to need it."""
    for item in items:
        if {"states", "urdu_states"} & {*getattr(item, "fixturenames", ())}:
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="session")
def states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    with shared_world(django_db_blocker), django_db_blocker.unblock():
        load_sample_content()
        return list(every_state())


@pytest.fixture(scope="session")
def urdu_states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    with shared_world(django_db_blocker), django_db_blocker.unblock(), asked_in_urdu():
        load_sample_content()
        return [replace(state, name=f"{state.name} (Urdu)") for state in every_state()]
