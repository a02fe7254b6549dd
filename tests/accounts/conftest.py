import pytest
from django.core.cache import cache
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from tests.factories import signed_in


@pytest.fixture(autouse=True)
def forget_used_codes() -> None:
    """allauth remembers used codes in this process; the accounts of all tests have the same key."""
    cache.clear()


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(MANAGER)
