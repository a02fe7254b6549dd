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

from clinic_site.core import rate_limits
from clinic_site.core.append_only import AppendOnlyModel, append_only_models
from clinic_site.core.batch_delete import delete_in_batches
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


@dataclass(frozen=True)
class Result:
    """One line of the report. ``count`` is None where the task failed."""

    name: str
    count: int | None


def run_tasks(now: datetime, *, dry_run: bool) -> list[Result]:
    """Run every task, or only count what each would delete. A failed task does not stop the others."""
    tasks = [task for path in settings.CLEANUP_TASKS for task in import_string(path)()]
    return [_run(task, now, dry_run=dry_run) for task in tasks]


def _run(task: Task, now: datetime, *, dry_run: bool) -> Result:
    try:
        return Result(str(task.name), task.count(now) if dry_run else task.run(now))
    except Exception:
        logger.exception("cleanup task failed: %s", task.name)
        return Result(str(task.name), None)


def site_tasks() -> list[Task]:
    """Return the tasks for data that belongs to no app of the clinic."""
    return [
        Task(
            _("Expired sessions"),
            count=lambda now: Session.objects.filter(expire_date__lt=now).count(),
            run=lambda now: delete_in_batches(Session.objects.filter(expire_date__lt=now)),
        ),
        Task(
            _("Expired rate-limit counters"),
            count=lambda now: rate_limits.expired(now).count(),
            run=rate_limits.delete_expired,
        ),
        Task(
            _("Messages that were sent or handled"),
            count=lambda now: OutgoingMessage.objects.completed_before(now - SENT_MAIL_RETENTION).count(),
            run=lambda now: delete_in_batches(
                OutgoingMessage.objects.completed_before(now - SENT_MAIL_RETENTION)
            ),
        ),
        *[_audit_task(model, model.retention) for model in append_only_models() if model.retention],
    ]


def _audit_task(model: type[AppendOnlyModel], retention: timedelta) -> Task:
    rows: QuerySet[Any] = model._default_manager.all()

    def expired(now: datetime) -> QuerySet[Any]:
        # The database refuses to delete younger rows; the extra day allows for its clock.
        return rows.filter(at__lt=now - retention - timedelta(days=1))

    return Task(
        format_lazy("{}: {}", _("Expired audit rows"), model._meta.verbose_name_plural),
        count=lambda now: expired(now).count(),
        run=lambda now: delete_in_batches(expired(now)),
    )
