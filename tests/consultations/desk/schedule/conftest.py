"""A Monday, 11 am in Lahore, with one practitioner and a coordinator at work."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from procedures.models import Practitioner
from tests.factories import a_coordinator, a_reviewer


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def practitioner(clock: Any, db: None) -> Practitioner:
    return a_reviewer()


@pytest.fixture
def coordinator(clock: Any, client: Client) -> Client:
    client.force_login(a_coordinator())
    return client
