"""Somebody at the desk with a new request open."""

import pytest

from tests.consultations.desk.one_request import Desk
from tests.factories import a_request


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk(a_request())
