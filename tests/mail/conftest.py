"""A server, a clock that stands still, and little patience."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine

from clinic_site.mail import delivery
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
    with time_machine.travel(NOW, tick=False) as travelled:
        yield travelled


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for what the server does answer, on a busy machine.
    monkeypatch.setattr(delivery, "ANSWER_WITHIN", 1)
    monkeypatch.setattr(delivery, "TAKEN_WITHIN", 1)
    monkeypatch.setattr(delivery, "FAREWELL_WITHIN", 0.1)
