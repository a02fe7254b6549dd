from collections.abc import Iterator

import pytest
import time_machine
from django.core.cache import cache
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from tests.accounts.account_helpers import NOON
from tests.factories import signed_in


@pytest.fixture(autouse=True)
def forget_used_codes() -> None:
    """allauth remembers used codes in this process; the accounts of all tests have the same key."""
    cache.clear()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(MANAGER)
