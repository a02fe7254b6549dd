from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from tests.accounts.account_helpers import NOON
from tests.factories import signed_in


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(MANAGER)
