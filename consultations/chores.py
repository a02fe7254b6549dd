"""What of requests is kept for a time and no longer."""

from datetime import datetime, timedelta
from functools import partial

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site import tidying
from clinic_site.batches import delete_in_batches
from clinic_site.tidying import Chore
from consultations import files, retention, workflow
from consultations.models import Photograph, Presence
from consultations.services import forgetting, photographs
from consultations.workflow import Status

# How many requests are read at a time; each is erased in a transaction of its own.
AT_A_TIME = 200
# Who had a request open is of use for minutes.
PRESENCE_KEPT = timedelta(days=1)


def register() -> None:
    for status in workflow.FINISHED:
        name = format_lazy("{}: {}", _("Details of closed requests"), _(workflow.NAMES[status]))
        tidying.register(10, Chore(name, due=partial(count_past, status), do=partial(forget_past, status)))
    tidying.register(
        20, Chore(_("Photographs that were never sent"), count_unsent, photographs.forget_unsent)
    )
    tidying.register(30, Chore(_("Files that belong to nothing"), count_orphans, remove_orphans))
    tidying.register(
        40,
        Chore(
            _("Traces of who had a request open"),
            due=lambda now: Presence.objects.filter(seen_at__lt=now - PRESENCE_KEPT).count(),
            do=lambda now: delete_in_batches(Presence.objects.filter(seen_at__lt=now - PRESENCE_KEPT)),
        ),
    )


def count_past(status: Status, now: datetime) -> int:
    return retention.past(status, now, retention.rules()[status.value]).count()


def forget_past(status: Status, now: datetime) -> int:
    """Erase what is left of each request whose retention is over, one after the other."""
    past = retention.past(status, now, retention.rules()[status.value])
    gone, last = 0, 0
    while requests := list(past.filter(pk__gt=last)[:AT_A_TIME]):
        gone += sum(forgetting.anonymize(request, now) for request in requests)
        last = requests[-1].pk
    return gone


def count_unsent(now: datetime) -> int:
    return Photograph.objects.forgotten(now - files.WAITING_FOR).count()


def count_orphans(now: datetime) -> int:
    return files.sweep(_known_files(), only_count=True)


def remove_orphans(now: datetime) -> int:
    return files.sweep(_known_files())


def _known_files() -> set[str]:
    """The names of all files that belong to something. Read before the folder: what comes later is young."""
    rows = Photograph.objects.order_by().values_list("name", "thumbnail_name")
    return {name for row in rows.iterator() for name in row}
