from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.test import Client

from procedures.models import Procedure
from tests.conftest import shared_world
from tests.factories import a_disclaimer, a_procedure, published, signed_in, staff
from tests.procedures.publishing.signing import NOW


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure(db: None) -> Procedure:
    """A complete draft."""
    a_disclaimer()
    return a_procedure()


@pytest.fixture
def clinician(db: None) -> Client:
    return signed_in("Clinical reviewer")


@pytest.fixture(scope="module")
def history_world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A procedure with three versions, on 3 May, 10 May and scheduled for 20 May, and a draft of its own."""
    with shared_world(django_db_blocker):
        # Nine in the evening of 3 May in Lahore.
        begin = datetime(2026, 5, 3, 16, tzinfo=UTC)
        with time_machine.travel(begin, tick=False) as clock:
            procedure, author = a_procedure(), staff("Manager", email="sana@clinic.example")
            published(procedure, change_note="The first.", by=author)
            clock.move_to(datetime(2026, 5, 10, 16, tzinfo=UTC))
            procedure.risks.update(body="Germs get in, sometimes.")
            published(procedure, change_note="Infection is told better.", by=author)
            procedure.risks.update(body="Germs get in, rarely.")
            published(procedure, change_note="Later.", live_from=datetime(2026, 5, 20, 4, tzinfo=UTC))
            procedure.risks.update(body="Germs get in, as drafted.")
        yield


@pytest.fixture
def evening(history_world: None, db: None) -> Iterator[time_machine.Traveller]:
    """The clock at nine in the evening of 12 May in Lahore, when the second version is live."""
    with time_machine.travel(datetime(2026, 5, 12, 16, tzinfo=UTC), tick=False) as clock:
        yield clock


@pytest.fixture
def with_history(evening: time_machine.Traveller) -> Procedure:
    return Procedure.objects.get(slug="lymph-vessel-repair")
