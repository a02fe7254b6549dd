"""The sweep walks through the site once for each file of checks."""

from typing import Any

import pytest
from django.test import TestCase

from tests.conftest import load_sample_content
from tests.site.states import State, every_state


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The database is made for those who are marked to need it."""
    for item in items:
        if "states" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.django_db)


@pytest.fixture(scope="module")
def states(django_db_setup: None, django_db_blocker: Any) -> list[State]:
    with django_db_blocker.unblock():
        # As Django's own tests do for a class: what is stored in between counts as committed, and is undone.
        atomics = TestCase._enter_atomics()
        try:
            load_sample_content()
            found = list(every_state())
        finally:
            TestCase._rollback_atomics(atomics)
    return found
