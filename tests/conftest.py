"""What every test may use."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connections
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

# The same examples every time, on any machine: a suite that fails, fails again. The time of one example
# says more about what else the machine is doing than about the code.
hypothesis_settings.register_profile(
    "suite", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("suite")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Build the static files once, before any worker asks for their hashed names."""
    if not hasattr(session.config, "workerinput"):
        call_command("collectstatic", interactive=False, verbosity=0)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, worker_id: str) -> None:
    """SQLite in a file, as it is in use: what holds in memory may not hold between connections."""
    database = connections["default"]
    if database.vendor == "sqlite":
        name = str(Path(settings.DATA_DIR) / f"test-{worker_id}.sqlite3")
        database.settings_dict["TEST"]["NAME"] = name


def load_sample_content() -> None:
    call_command("load_sample_content", verbosity=0, stdout=io.StringIO())


@pytest.fixture
def sample_site(db: None) -> None:
    """The site as a newcomer's ``make run`` shows it."""
    load_sample_content()


@pytest.fixture(autouse=True)
def own_media(settings: Any, tmp_path: Path) -> None:
    """Each test keeps its photographs to itself."""
    settings.MEDIA_ROOT = tmp_path / "media"
    settings.PRIVATE_ROOT = tmp_path / "private"
    settings.ERASURE_LEDGER = tmp_path / "erased.log"


@pytest.fixture(autouse=True)
def nobody_is_too_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test fills in a form faster than any person. Those about that set the limit themselves."""
    monkeypatch.setattr("consultations.forms.request.FASTEST_PERSON", timedelta(0))


@pytest.fixture(autouse=True)
def quick_passwords(settings: Any) -> None:
    """What takes a third of a second to guess takes as long to make: not where nobody guesses."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
