"""Pages that want somebody: what the staff index shows, and what a weekly mail tells the editors."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Count, F, JSONField, OuterRef, Q, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.mail import queue as mail_queue
from procedures.models import MistakeReport, Publication, ReviewReminder
from procedures.models.publications import BEFORE_SHARED_TEXTS_CHANGED, PublicationQuerySet

SOON, LATER = 30, 90
DAYS_BETWEEN_MAILS = 7
# So many reports are named on the index; the rest are one click away.
REPORTS_ON_INDEX = 5

EDITS_PAGES = "procedures.change_procedure"


@dataclass(frozen=True)
class DuePages:
    """The live pages whose review is past, or due within 30 or 90 days; each list the most urgent first."""

    overdue: tuple[Publication, ...]
    soon: tuple[Publication, ...]
    later: tuple[Publication, ...]

    def __bool__(self) -> bool:
        return bool(self.overdue or self.soon or self.later)

    @property
    def in_words(self) -> str:
        """How many of each, for a subject line."""
        counts = (
            (len(self.overdue), _("%(count)d overdue")),
            (len(self.soon), _("%(count)d due within 30 days")),
            (len(self.later), _("%(count)d due within 90 days")),
        )
        return ", ".join(words % {"count": count} for count, words in counts if count)


def due_pages(today: date) -> DuePages:
    """One query, whatever the number of pages. A page that a review waits for is listed until it is live."""
    return _by_urgency(_live_pages().filter(_is_due(today)), today)


def _live_pages() -> PublicationQuerySet:
    pages = Publication.objects.live().select_related("page", "reviewer").defer("document", "card")
    return pages.order_by("review_due_on", "page")


def _with_former_steps() -> PublicationQuerySet:
    """Live pages without steps of their own that show others than the overview now does.

    The documents are compared where they are stored: the staff index need not read them all.
    """
    live = Publication.objects.live().alias(
        content=Cast("document", JSONField()),
        has_own_steps=KT("content__has_own_steps"),
        # As text once more: SQLite would read the other side of a comparison as JSON, too.
        steps=Cast(KT("content__steps"), TextField()),
    )
    overview = live.filter(page__kind="overview", language=OuterRef("language"))
    of_overview = Subquery(overview.annotate(found=F("steps")).values("found")[:1])
    borrowed = live.filter(page__kind="procedure", has_own_steps="false")
    return borrowed.exclude(steps=Coalesce(of_overview, F("steps")))


def _is_due(today: date) -> Q:
    return Q(review_due_on__lte=today + timedelta(days=LATER))


def _by_urgency(publications: Iterable[Publication], today: date) -> DuePages:
    soon = today + timedelta(days=SOON)
    overdue, within_soon, within_later = [], [], []
    for publication in publications:
        assert publication.review_due_on is not None
        if publication.review_due_on < today:
            overdue.append(publication)
        elif publication.review_due_on <= soon:
            within_soon.append(publication)
        else:
            within_later.append(publication)
    return DuePages(tuple(overdue), tuple(within_soon), tuple(within_later))


# On the staff index


def pages_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Pages that may say a former emergency text or disclaimer, those that show former steps of the overview,
    and those due for review: one query."""
    if not request.user.has_perm("procedures.view_publication"):
        return None
    today = timezone.localdate()
    found: list[Any] = list(
        _live_pages()
        .annotate(
            is_former=BEFORE_SHARED_TEXTS_CHANGED,
            has_former_steps=Q(pk__in=_with_former_steps().values("pk")),
            is_due=_is_due(today),
        )
        .filter(Q(is_former=True) | Q(has_former_steps=True) | Q(is_due=True))
    )
    by_page = sorted(found, key=lambda page: page.page_id)
    return {
        "former": [page for page in by_page if page.is_former],
        "former_steps": [page for page in by_page if page.has_former_steps],
        "due": _by_urgency((page for page in found if page.is_due), today),
    }


def mistakes_panel(request: HttpRequest) -> dict[str, Any] | None:
    if not request.user.has_perm("procedures.view_mistakereport"):
        return None
    waiting = MistakeReport.objects.open()
    counts = MistakeReport.objects.aggregate(
        open=Count("pk", filter=Q(status=MistakeReport.Status.OPEN)),
        suspected=Count("pk", filter=Q(status=MistakeReport.Status.SUSPECTED)),
    )
    return {
        "reports": waiting.select_related("publication__page")[:REPORTS_ON_INDEX],
        "count": counts["open"],
        "suspected": counts["suspected"],
    }


# By mail


def send_reminders(today: date) -> int:
    """Queue the list for every editor who has not had it for a week; returns how many that were.

    Run daily: an address gets at most one in seven days, however often and in how many processes this
    runs. With nothing due and no report open, nobody gets anything.
    """
    due, reports = due_pages(today), MistakeReport.objects.open().count()
    if not due and not reports:
        return 0
    subject = _subject(due, reports)
    text = render_to_string(
        "procedures/staff/review_reminder.txt",
        {"due": due, "reports": reports, "staff_url": settings.SITE_URL + reverse("admin:index")},
    )
    sent = 0
    for address in _editors():
        # What is told and that it was told are one transaction: neither is there without the other.
        with transaction.atomic():
            if _is_first_this_week(address, today):
                mail_queue.queue(address, subject, text, kind="review-reminder")
                sent += 1
    return sent


def _subject(due: DuePages, reports: int) -> str:
    if not due:
        return ngettext(
            "%(count)d mistake reported on the clinic’s pages",
            "%(count)d mistakes reported on the clinic’s pages",
            reports,
        ) % {"count": reports}
    return _("The clinic’s pages to review: %(counts)s") % {"counts": due.in_words}


def _editors() -> list[str]:
    """The addresses of everybody who may edit pages, each once."""
    people = get_user_model()._default_manager.with_perm(
        EDITS_PAGES, backend="django.contrib.auth.backends.ModelBackend"
    )
    found = people.filter(is_active=True, is_staff=True).exclude(email="").values_list("email", flat=True)
    return sorted({address.strip().lower() for address in found})


def _is_first_this_week(address: str, today: date) -> bool:
    """Take this week's turn of an address: True once in seven days, for one caller."""
    due = ReviewReminder.objects.filter(
        address=address, sent_on__lte=today - timedelta(days=DAYS_BETWEEN_MAILS)
    )
    if due.update(sent_on=today):
        return True
    try:
        with transaction.atomic():
            _row, is_new = ReviewReminder.objects.get_or_create(address=address, defaults={"sent_on": today})
    except IntegrityError:
        return False
    return is_new
