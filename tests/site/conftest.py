"""Visit every state of the site once, for all tests in this folder."""

from typing import Any

import pytest

from tests.conftest import load_sample_content, shared_world
from tests.site.states import State, every_state


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The database is made for those who are marked to need it."""
    for item in items:
        if "states" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="session")
def states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    with shared_world(django_db_blocker), django_db_blocker.unblock():
        load_sample_content()
        return list(every_state())
