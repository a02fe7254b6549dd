from typing import Any

import pytest
from django.core.cache import cache


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """A real hash takes a quarter of a second on purpose: how passwords are hashed is not asked here."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture(autouse=True)
def no_code_was_used() -> None:
    """allauth remembers used codes in this process; the next test's person has the same key."""
    cache.clear()
