"""Checks behind /readyz: ``settings.READINESS_CHECKS``."""

import logging

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

logger = logging.getLogger(__name__)


def failed_checks() -> list[str]:
    """Run every check and return the names of those that raise an exception."""
    failed = []
    for name, path in settings.READINESS_CHECKS.items():
        try:
            import_string(path)()
        except Exception:
            logger.warning("not ready: %s", name, exc_info=True)
            failed.append(name)
    return failed


def require_database() -> None:
    """Raise ``DatabaseError`` while the database cannot be reached."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
