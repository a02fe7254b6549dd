from collections.abc import Iterator

import pytest
import time_machine
from django.test import Client

from procedures.models import Procedure
from tests.factories import a_procedure, shared_texts, signed_in
from tests.procedures.publishing.signing import NOW


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure(db: None) -> Procedure:
    """A complete draft."""
    shared_texts()
    return a_procedure()


@pytest.fixture
def clinician(db: None) -> Client:
    return signed_in("Clinical reviewer")
