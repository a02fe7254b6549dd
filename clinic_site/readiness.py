"""What must hold before this process may be sent patients. Each app registers its own checks."""

import logging
from collections.abc import Callable

from django.db import connection

logger = logging.getLogger(__name__)

_checks: dict[str, Callable[[], None]] = {}


def register(name: str, check: Callable[[], None]) -> None:
    """Add a check, which raises any exception while the site is not ready."""
    _checks[name] = check


def not_ready() -> list[str]:
    """The names of the checks that fail, in the order they were registered."""
    failed = []
    for name, check in _checks.items():
        try:
            check()
        except Exception:
            logger.warning("not ready: %s", name, exc_info=True)
            failed.append(name)
    return failed


def _database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


register("database", _database)
