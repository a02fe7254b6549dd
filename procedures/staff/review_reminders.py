"""Pages due for review, and the weekly mail that reminds the editors of them."""

from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Case, Value, When
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.core.rate_limits import Limit
from clinic_site.mail import queue as mail_queue
from procedures.models import FeedbackReport, Publication

SOON, LATER = timedelta(days=30), timedelta(days=90)
# A week, less what the daily timer may be early. Refusals on the other days are expected: staff are not
# shown them.
REMINDER_ONCE = Limit("review reminder", attempts=1, period=timedelta(days=6, hours=12), is_reported=False)
EDIT_PERMISSION = "procedures.change_procedure"


def live_pages(today: date) -> Any:
    """Live pages, the one to review next first; ``urgency`` is "overdue", "soon", "later" or ""."""
    return (
        Publication.objects.live()
        .select_related("page")
        .annotate(
            urgency=Case(
                When(review_due_on__lt=today, then=Value("overdue")),
                When(review_due_on__lte=today + SOON, then=Value("soon")),
                When(review_due_on__lte=today + LATER, then=Value("later")),
                default=Value(""),
            )
        )
        .order_by("review_due_on", "page")
    )


def reviews_due(today: date) -> list[Any]:
    """Return the pages due for review. A page stays listed until its next review is live. One query."""
    return list(live_pages(today).exclude(urgency="").defer("document", "card"))


def _subject(due: Iterable[Any], reports: int) -> str:
    counts = Counter(page.urgency for page in due)
    words = (
        (counts["overdue"], _("%(count)d overdue")),
        (counts["soon"], _("%(count)d due within 30 days")),
        (counts["later"], _("%(count)d due within 90 days")),
    )
    if counts:
        found = ", ".join(text % {"count": count} for count, text in words if count)
        return _("The clinic’s pages to review: %(counts)s") % {"counts": found}
    text = ngettext("%(count)d open feedback report", "%(count)d open feedback reports", reports)
    return text % {"count": reports}


def send_reminders(today: date) -> int:
    """Queue the list for each editor who has not had it for a week; return how many mails were queued.

    Run daily. An address gets one mail a week at most, however often and in however many processes this
    runs. Nothing is sent if no page is due and no feedback report is open.
    """
    due, reports = reviews_due(today), FeedbackReport.objects.open().count()
    if not due and not reports:
        return 0
    context = {"due": due, "reports": reports, "staff_url": settings.SITE_URL + reverse("admin:index")}
    text = render_to_string("procedures/staff/review_reminder.txt", context)
    sent = 0
    for address in _editor_addresses():
        # One transaction: the reminder is counted if and only if its mail is queued.
        with transaction.atomic():
            if REMINDER_ONCE.allow(address):
                mail_queue.queue(address, _subject(due, reports), text, kind="review-reminder")
                sent += 1
    return sent


def _editor_addresses() -> list[str]:
    """The addresses of everyone who may edit pages, each once."""
    editors = get_user_model()._default_manager.with_perm(
        EDIT_PERMISSION, backend="django.contrib.auth.backends.ModelBackend"
    )
    found = editors.filter(is_active=True, is_staff=True).exclude(email="").values_list("email", flat=True)
    return sorted({address.strip().lower() for address in found})
