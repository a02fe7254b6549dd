"""The clinic's phone number and WhatsApp link, for the page shown while the database cannot be reached."""

from pathlib import Path

from django.conf import settings

from clinic_site.core import atomic_files

_remembered: str | None = None


def remember(phone: str, whatsapp_url: str = "") -> None:
    """Keep both in memory, and on the disk for processes that start without a database."""
    global _remembered
    numbers = f"{phone}\n{whatsapp_url}"
    if numbers == _remembered:
        return
    _remembered = numbers
    try:
        atomic_files.write(_path(), numbers.encode(), mode=0o600, durable=False)
    except OSError:
        return  # a full disk: this process still has them in memory


def phone_and_whatsapp() -> tuple[str, str]:
    """Return the number as staff wrote it and the link; "" for what is not known."""
    phone, _, whatsapp_url = _stored().partition("\n")
    return phone, whatsapp_url


def _stored() -> str:
    if _remembered is not None:
        return _remembered
    try:
        return _path().read_text()
    except (OSError, UnicodeDecodeError):
        return ""


def _path() -> Path:
    return Path(settings.DATA_DIR) / "clinic-phone"
