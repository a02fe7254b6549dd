"""Somebody at the desk with a new request open, and a colleague with the same one."""

import pytest

from tests.consultations.desk.consultation.request_pages import Desk, a_colleague
from tests.factories import a_request


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk(a_request())


@pytest.fixture
def other(desk: Desk) -> Desk:
    return Desk(desk.request, a_colleague())
