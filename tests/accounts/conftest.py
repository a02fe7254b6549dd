import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def no_code_was_used() -> None:
    """allauth remembers used codes in this process; the next test's person has the same key."""
    cache.clear()
