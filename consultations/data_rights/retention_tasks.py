"""Cleanup tasks for consultation data whose retention has ended."""

from datetime import datetime, timedelta
from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.core.batch_delete import delete_in_batches
from clinic_site.operations.cleanup import Task
from consultations import workflow
from consultations.data_rights import erasure, retention
from consultations.intake import attachments, file_storage
from consultations.models import Photograph, Presence
from consultations.workflow import Status

# How many requests are read at a time; each is erased in a transaction of its own.
AT_A_TIME = 200
# Only useful for minutes.
PRESENCE_RETENTION = timedelta(days=1)


def tasks() -> list[Task]:
    """Return the cleanup tasks for consultation requests and their files."""
    closed_requests = [
        Task(
            format_lazy("{}: {}", _("Details of closed requests"), _(workflow.NAMES[status])),
            count=partial(count_past, status),
            run=partial(forget_past, status),
        )
        for status in workflow.FINISHED
    ]
    return [
        *closed_requests,
        Task(_("Photographs that were never sent"), count_unsent, attachments.delete_unsent),
        Task(_("Files that belong to no request"), count_orphans, remove_orphans),
        Task(
            _("Records of who had a request open"),
            count=lambda now: Presence.objects.filter(seen_at__lt=now - PRESENCE_RETENTION).count(),
            run=lambda now: delete_in_batches(Presence.objects.filter(seen_at__lt=now - PRESENCE_RETENTION)),
        ),
    ]


def count_past(status: Status, now: datetime) -> int:
    return retention.past(status, now, retention.rules()[status.value]).count()


def forget_past(status: Status, now: datetime) -> int:
    """Erase what is left of each request whose retention is over, one after the other."""
    past = retention.past(status, now, retention.rules()[status.value])
    gone, last = 0, 0
    while requests := list(past.filter(pk__gt=last)[:AT_A_TIME]):
        gone += sum(erasure.anonymize(request, now) for request in requests)
        last = requests[-1].pk
    return gone


def count_unsent(now: datetime) -> int:
    return Photograph.objects.unsent(now - file_storage.UNSENT_FILE_LIFETIME).count()


def count_orphans(now: datetime) -> int:
    return file_storage.sweep(_known_files(), only_count=True)


def remove_orphans(now: datetime) -> int:
    return file_storage.sweep(_known_files())


def _known_files() -> set[str]:
    """The names of all files that belong to something. Read before the folder: what comes later is young."""
    rows = Photograph.objects.order_by().values_list("name", "thumbnail_name")
    return {name for row in rows.iterator() for name in row}
