"""Pages due for review, and the weekly mail that reminds the editors of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.mail import queue as mail_queue
from procedures.models import FeedbackReport, Publication, ReviewReminder
from procedures.models.publications import PublicationQuerySet

SOON, LATER = timedelta(days=30), timedelta(days=90)
REMINDER_INTERVAL = timedelta(days=7)
EDIT_PERMISSION = "procedures.change_procedure"


@dataclass(frozen=True)
class ReviewsDue:
    """Live pages whose review is overdue, or due within 30 or 90 days; the most urgent first in each."""

    overdue: tuple[Publication, ...]
    soon: tuple[Publication, ...]
    later: tuple[Publication, ...]

    def __bool__(self) -> bool:
        return bool(self.overdue or self.soon or self.later)

    @property
    def summary(self) -> str:
        """How many of each, for a subject line."""
        counts = (
            (len(self.overdue), _("%(count)d overdue")),
            (len(self.soon), _("%(count)d due within 30 days")),
            (len(self.later), _("%(count)d due within 90 days")),
        )
        return ", ".join(words % {"count": count} for count, words in counts if count)


def reviews_due(today: date) -> ReviewsDue:
    """Return the pages due for review. A page stays listed until its next review is live. One query."""
    return by_urgency(live_pages().filter(is_due(today)), today)


def live_pages() -> PublicationQuerySet:
    pages = Publication.objects.live().select_related("page", "reviewer").defer("document", "card")
    return pages.order_by("review_due_on", "page")


def is_due(today: date) -> Q:
    return Q(review_due_on__lte=today + LATER)


def by_urgency(publications: Iterable[Publication], today: date) -> ReviewsDue:
    overdue, soon, later = [], [], []
    for publication in publications:
        assert publication.review_due_on is not None
        if publication.review_due_on < today:
            overdue.append(publication)
        elif publication.review_due_on <= today + SOON:
            soon.append(publication)
        else:
            later.append(publication)
    return ReviewsDue(tuple(overdue), tuple(soon), tuple(later))


def send_reminders(today: date) -> int:
    """Queue the list for each editor who has not had it for a week; return how many mails were queued.

    Run daily. An address gets one mail in seven days at most, however often and in however many processes
    this runs. Nothing is sent if no page is due and no feedback report is open.
    """
    due, reports = reviews_due(today), FeedbackReport.objects.open().count()
    if due:
        subject = _("The clinic’s pages to review: %(counts)s") % {"counts": due.summary}
    elif reports:
        text = ngettext("%(count)d open feedback report", "%(count)d open feedback reports", reports)
        subject = text % {"count": reports}
    else:
        return 0
    context = {"due": due, "reports": reports, "staff_url": settings.SITE_URL + reverse("admin:index")}
    text = render_to_string("procedures/staff/review_reminder.txt", context)
    sent = 0
    for address in _editor_addresses():
        # One transaction: the reminder is recorded if and only if its mail is queued.
        with transaction.atomic():
            if _is_first_this_week(address, today):
                mail_queue.queue(address, subject, text, kind="review-reminder")
                sent += 1
    return sent


def _editor_addresses() -> list[str]:
    """The addresses of everyone who may edit pages, each once."""
    editors = get_user_model()._default_manager.with_perm(
        EDIT_PERMISSION, backend="django.contrib.auth.backends.ModelBackend"
    )
    found = editors.filter(is_active=True, is_staff=True).exclude(email="").values_list("email", flat=True)
    return sorted({address.strip().lower() for address in found})


def _is_first_this_week(address: str, today: date) -> bool:
    """Record a reminder for the address. True for one caller in seven days, False for the others."""
    due = ReviewReminder.objects.filter(address=address, sent_on__lte=today - REMINDER_INTERVAL)
    if due.update(sent_on=today):
        return True
    try:
        with transaction.atomic():
            _row, is_new = ReviewReminder.objects.get_or_create(address=address, defaults={"sent_on": today})
    except IntegrityError:
        return False
    return is_new
