"""A Monday, 11 am in Lahore, with one practitioner, and a manager at work."""

from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from procedures.models import Practitioner
from tests.factories import a_reviewer, signed_in


@pytest.fixture(autouse=True)
def monday(clock: Any) -> None:
    """Every test here begins then."""


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    return a_reviewer()


@pytest.fixture
def manager(db: None) -> Client:
    return signed_in(MANAGER)
