"""Deleting data whose retention has ended: ``settings.CLEANUP_TASKS``, run by ``manage.py cleanup``.

A task works in small transactions, so that it never blocks a patient's request. It may be killed at any
moment, or run twice at once; the next run continues.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import QuerySet
from django.utils.module_loading import import_string
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from clinic_site.core.append_only import AppendOnlyModel, append_only_models
from clinic_site.core.models import RateLimitCounter
from clinic_site.core.rows import delete_in_batches
from clinic_site.mail.models import OutgoingMessage

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words

logger = logging.getLogger(__name__)

# Staff can see for this long that a message was sent.
SENT_MAIL_RETENTION = timedelta(days=30)


@dataclass(frozen=True)
class Task:
    """``count`` returns how many rows are due at a moment; ``run`` deletes them and returns how many."""

    name: "Words"
    count: Callable[[datetime], int]
    run: Callable[[datetime], int]


def run_tasks(now: datetime, *, dry_run: bool) -> list[tuple[str, int | None]]:
    """Run every task, or only count what each would delete; return names and counts.

    A failed task has None, and does not stop the others.
    """
    report: list[tuple[str, int | None]] = []
    for task in (task for path in settings.CLEANUP_TASKS for task in import_string(path)()):
        try:
            report.append((str(task.name), task.count(now) if dry_run else task.run(now)))
        except Exception:
            logger.exception("cleanup task failed: %s", task.name)
            report.append((str(task.name), None))
    return report


def site_tasks() -> list[Task]:
    """Return the tasks for data that belongs to no app of the clinic."""
    return [
        deletion(_("Expired sessions"), lambda now: Session.objects.filter(expire_date__lt=now)),
        deletion(
            _("Expired rate-limit counters"), lambda now: RateLimitCounter.objects.filter(ends_at__lte=now)
        ),
        deletion(
            _("Messages that were sent or handled"),
            lambda now: OutgoingMessage.objects.completed_before(now - SENT_MAIL_RETENTION),
        ),
        *[audit_task(model, model.retention) for model in append_only_models() if model.retention],
    ]


def deletion(name: "Words", expired: Callable[[datetime], QuerySet[Any]]) -> Task:
    """Return the task that deletes the rows which ``expired`` returns for a moment."""
    return Task(name, count=lambda now: expired(now).count(), run=lambda now: delete_in_batches(expired(now)))


def audit_task(model: type[AppendOnlyModel], retention: timedelta) -> Task:
    name = format_lazy("{}: {}", _("Expired audit rows"), model._meta.verbose_name_plural)
    # The database refuses to delete younger rows; the extra day allows for its clock.
    age = retention + timedelta(days=1)
    rows: QuerySet[Any] = model._default_manager.all()
    return deletion(name, lambda now: rows.filter(at__lt=now - age))
