"""A coordinator at the queue; one with a new request open, and a colleague with the same one."""

import pytest
from django.test import Client

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague
from tests.factories import a_request, staff


@pytest.fixture
def user(db: None) -> User:
    return staff(COORDINATOR)


@pytest.fixture
def colleague(db: None) -> User:
    return a_colleague()


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk(a_request())


@pytest.fixture
def other(desk: Desk) -> Desk:
    return Desk(desk.request, a_colleague())
