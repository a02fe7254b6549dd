"""Cleanup tasks for consultation data whose retention has ended."""

from datetime import datetime, timedelta
from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.operations.cleanup import Task, deletion
from consultations import workflow
from consultations.data_rights import erasure, retention
from consultations.intake import file_storage
from consultations.models import Attachment, Presence
from consultations.workflow import Status

PRESENCE_RETENTION = timedelta(days=1)


def tasks() -> list[Task]:
    """Return the cleanup tasks for consultation requests and their files."""
    return [
        *(
            Task(
                format_lazy("{}: {}", _("Details of closed requests"), _(workflow.NAMES[status])),
                count=partial(_count_expired, status),
                run=partial(_erase_expired, status),
            )
            for status in workflow.FINISHED
        ),
        Task(
            _("Files that belong to no request"),
            count=lambda now: file_storage.sweep(_stored_file_names(), only_count=True),
            run=lambda now: file_storage.sweep(_stored_file_names()),
        ),
        deletion(
            _("Records of who had a request open"),
            lambda now: Presence.objects.filter(seen_at__lt=now - PRESENCE_RETENTION),
        ),
    ]


def _count_expired(status: Status, now: datetime) -> int:
    return retention.expired(now).filter(status=status).count()


def _erase_expired(status: Status, now: datetime) -> int:
    """Erase each expired request in its own transaction, and return their number."""
    requests = list(retention.expired(now).filter(status=status).only("pk"))
    return sum(erasure.erase_expired(request, now) for request in requests)


def _stored_file_names() -> set[str]:
    """File names in the database. Read before the folder is listed: files stored later are young."""
    rows = Attachment.objects.order_by().values_list("name", "thumbnail_name")
    return {name for row in rows.iterator() for name in row}
