"""Checks behind /readyz, the staff's status page and the metrics.

``settings.READINESS_CHECKS`` say whether this server can serve patients. ``settings.STATUS_CHECKS`` say what
needs attention, and never take a server out of rotation. Each has a sentence that staff read when it fails.
"""

import logging
import shutil
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils.module_loading import import_string

from clinic_site.core.rate_limits import Limit

logger = logging.getLogger(__name__)

DATABASE, WRITING = "database", "writing"
MEGABYTE = 1024 * 1024
# Room for some thousand requests, without files.
MIN_FREE_BYTES = 50 * MEGABYTE
# Its counter is the row that is written.
WRITES = Limit("readiness", attempts=1_000_000_000, period=timedelta(days=1))


def failed_checks(checks: Mapping[str, tuple[str, Any]]) -> list[str]:
    """Run the checks, and return the names of those that raise an exception."""
    failed: list[str] = []
    for name, (path, _sentence) in checks.items():
        try:
            import_string(path)()
        except Exception:
            logger.warning("not ready: %s", name, exc_info=True)
            failed.append(name)
            if name == DATABASE:
                break  # the others would only wait for it
    return failed


def require_database() -> None:
    """Raise ``DatabaseError`` while the database cannot be reached."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


def require_writing() -> None:
    """Raise ``DatabaseError`` while no row can be written."""
    WRITES.allow("row")


def free_bytes() -> int:
    """Return the free bytes on the disk that holds ``DATA_DIR``."""
    return shutil.disk_usage(settings.DATA_DIR).free


def require_free_space() -> None:
    """Raise ``OSError`` while there is too little room to store requests."""
    if free_bytes() < MIN_FREE_BYTES:
        raise OSError("The disk is nearly full.")
