"""What an administrator watches: mail, backups, disk. For the staff's status page and the metrics."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import Min
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import readiness

# Backups are daily.
BACKUP_LATE_AFTER = timedelta(hours=36)
# Patients' files are refused below 500 MB (``intake.file_storage``): staff should know before that.
LOW_DISK_BYTES = 1024 * readiness.MEGABYTE


@dataclass(frozen=True)
class Figure:
    metric: str
    help: str
    value: float
    label: str
    words: str


def figures() -> Iterator[Figure]:
    """Yield what the status page and the metrics show. Two queries."""
    now = timezone.now()
    due = OutgoingMessage.objects.due(now).aggregate(since=Min("next_attempt_at"))["since"] or now
    undelivered = OutgoingMessage.objects.undelivered().count()
    backup, free = last_backup_at(), readiness.free_bytes()
    yield Figure(
        "mail_delay_seconds",
        "How long the oldest due message has waited.",
        (now - due).total_seconds(),
        _("Mail is late by"),
        timesince(due, now),
    )
    yield Figure(
        "mail_undelivered",
        "Messages that could not be delivered and are not resolved.",
        undelivered,
        _("Undelivered messages"),
        str(undelivered),
    )
    yield Figure(
        "backup_age_seconds",
        "Time since the last backup; infinite if there was none.",
        (now - backup).total_seconds() if backup else float("inf"),
        _("Last backup"),
        _("%(time)s ago") % {"time": timesince(backup, now)} if backup else _("None yet"),
    )
    yield Figure(
        "disk_free_bytes", "Free space of DATA_DIR.", free, _("Free space on the disk"), filesizeformat(free)
    )


def metrics() -> str:
    """Return the figures and checks in the text format of Prometheus."""
    lines = []
    for figure in figures():
        name, value = f"clinic_{figure.metric}", f"{figure.value:g}".replace("inf", "+Inf")
        lines += [f"# HELP {name} {figure.help}", f"# TYPE {name} gauge", f"{name} {value}"]
    lines += ["# HELP clinic_check_failed 1 if a check fails.", "# TYPE clinic_check_failed gauge"]
    for kind, checks in (("readiness", settings.READINESS_CHECKS), ("status", settings.STATUS_CHECKS)):
        failed = readiness.failed_checks(checks)
        for name in checks:
            lines.append(f'clinic_check_failed{{kind="{kind}",check="{name}"}} {int(name in failed)}')
    return "\n".join(lines) + "\n"


def record_backup() -> None:
    """Note that a complete backup was made now."""
    _backup_mark().touch()


def last_backup_at() -> datetime | None:
    try:
        return datetime.fromtimestamp(_backup_mark().stat().st_mtime, timezone.get_current_timezone())
    except FileNotFoundError:
        return None


def require_backup() -> None:
    """Raise ``TimeoutError`` if the last backup is too old, or there is none."""
    backup = last_backup_at()
    if backup is None or timezone.now() - backup > BACKUP_LATE_AFTER:
        raise TimeoutError("There is no recent backup: does the timer of `manage.py backup` run?")


def require_room_for_files() -> None:
    """Raise ``OSError`` when the disk will soon be full."""
    if readiness.free_bytes() < LOW_DISK_BYTES:
        raise OSError("The disk will soon be full.")


def _backup_mark() -> Path:
    return Path(settings.DATA_DIR) / "last-backup"
