"""The clinic's phone number, for the page that is shown while the database cannot be reached."""

from pathlib import Path

from django.conf import settings

from clinic_site.core import atomic_files

_remembered: str | None = None


def remember(phone: str) -> None:
    """Keep the number in memory, and on the disk for processes that start without a database."""
    global _remembered
    if phone == _remembered:
        return
    _remembered = phone
    try:
        atomic_files.write(_path(), phone.encode(), mode=0o600, durable=False)
    except OSError:
        return  # a full disk: this process has it in memory


def phone() -> str:
    """Return the number as staff wrote it, or "" if it is not known."""
    if _remembered is not None:
        return _remembered
    try:
        return _path().read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _path() -> Path:
    return Path(settings.DATA_DIR) / "clinic-phone"
