from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from tests.mail.mail_helpers import running
from tests.mail.smtp_server import MailServer

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with running(settings) as started:
        yield started


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    # Without ticking: what is due is due exactly. The server's own loop keeps the real time.
    with time_machine.travel(NOW, tick=False) as traveled:
        yield traveled
