"""A Monday, 11 am in Lahore, with one practitioner, and a coordinator and a manager at work."""

from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from procedures.models import Practitioner
from tests.factories import a_coordinator, a_reviewer, signed_in


@pytest.fixture(autouse=True)
def monday(clock: Any) -> None:
    """Every test here begins then."""


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    return a_reviewer()


@pytest.fixture
def coordinator(clock: Any, db: None, client: Client) -> Client:
    client.force_login(a_coordinator())
    return client


@pytest.fixture
def manager(clock: Any, db: None) -> Client:
    return signed_in(MANAGER)
