"""A coordinator at the queue; one with a new request open, and a colleague with the same one."""

from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic_site.accounts.models import User
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.factories import a_coordinator, a_request


@pytest.fixture
def user(db: None) -> User:
    return a_coordinator()


@pytest.fixture
def colleague(db: None) -> User:
    return a_colleague()


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def clock() -> Iterator[Any]:
    """A Monday, 11 am in Lahore."""
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def at_two(user: User, client: Client) -> Iterator[Client]:
    """A coordinator on a Wednesday, 2 pm in Lahore, when the clinic is open from nine to five."""
    open_every_day()
    with time_machine.travel("2026-03-04T09:00:00Z", tick=False):
        client.force_login(user)  # the session must begin in March
        yield client


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk(a_request())


@pytest.fixture
def other(desk: Desk) -> Desk:
    return Desk(desk.request, a_colleague())
