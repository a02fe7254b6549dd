"""What ``manage.py tidy`` removes: whatever is kept for a time and no longer. Each app registers its own.

A chore works in small transactions, so that no patient waits for it; it may be killed at any moment, and
run twice at once. What it left is done the next time.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.contrib.sessions.models import Session
from django.utils.translation import gettext_lazy as _

from clinic_site import limits, outbox
from clinic_site.batches import delete_in_batches
from clinic_site.models import OutgoingMessage

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words

logger = logging.getLogger(__name__)

# A message that arrived stays this long without its text: who asks whether they were written to is told.
MAIL_KEPT = timedelta(days=30)


@dataclass(frozen=True)
class Chore:
    """``due`` counts what would go, ``do`` removes it and says how many there were; both as of a moment."""

    name: "Words"
    due: Callable[[datetime], int]
    do: Callable[[datetime], int]


@dataclass(frozen=True)
class Done:
    """One line of the report. ``count`` is None where the chore failed."""

    name: str
    count: int | None


_chores: list[tuple[int, Chore]] = []


def register(order: int, chore: Chore) -> None:
    """Add a chore; lower orders come first."""
    _chores.append((order, chore))


def tidy(now: datetime, *, really: bool) -> list[Done]:
    """Do every chore, or only count what each would remove. One that fails does not stop the others."""
    chores = [chore for _order, chore in sorted(_chores, key=lambda entry: entry[0])]
    return [_tried(chore, now, really=really) for chore in chores]


def _tried(chore: Chore, now: datetime, *, really: bool) -> Done:
    try:
        return Done(str(chore.name), chore.do(now) if really else chore.due(now))
    except Exception:
        logger.exception("tidying failed: %s", chore.name)
        return Done(str(chore.name), None)


register(
    80,
    Chore(
        _("Sessions that have ended"),
        due=lambda now: Session.objects.filter(expire_date__lt=now).count(),
        do=lambda now: delete_in_batches(Session.objects.filter(expire_date__lt=now)),
    ),
)
register(
    81,
    Chore(
        _("Counts of tries whose time is over"),
        due=lambda now: limits.old(now).count(),
        do=limits.forget_old,
    ),
)
register(
    82,
    Chore(
        _("Messages that were sent, or told another way"),
        due=lambda now: OutgoingMessage.objects.done_with(now - MAIL_KEPT).count(),
        do=lambda now: outbox.forget_sent(now - MAIL_KEPT),
    ),
)
