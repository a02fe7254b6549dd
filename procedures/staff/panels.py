"""Panels of the first staff page: pages due for review, pages with outdated texts, feedback reports."""

from typing import Any

from django.db.models import Count, F, JSONField, OuterRef, Q, Subquery, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.http import HttpRequest
from django.utils import timezone

from procedures.models import FeedbackReport, Publication
from procedures.models.publications import BEFORE_SHARED_TEXTS_CHANGED, PublicationQuerySet
from procedures.staff import review_reminders

# The panel names the oldest reports; a link leads to the others.
REPORTS_IN_PANEL = 5


def pages_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the pages with outdated texts or steps and those due for review. One query."""
    if not request.user.has_perm("procedures.view_publication"):
        return None
    today = timezone.localdate()
    found: list[Any] = list(
        review_reminders.live_pages()
        .annotate(
            has_outdated_texts=BEFORE_SHARED_TEXTS_CHANGED,
            has_outdated_steps=Q(pk__in=_with_outdated_steps().values("pk")),
            is_due=review_reminders.is_due(today),
        )
        .filter(Q(has_outdated_texts=True) | Q(has_outdated_steps=True) | Q(is_due=True))
    )
    by_page = sorted(found, key=lambda page: page.page_id)
    return {
        "outdated_texts": [page for page in by_page if page.has_outdated_texts],
        "outdated_steps": [page for page in by_page if page.has_outdated_steps],
        "due": review_reminders.by_urgency((page for page in found if page.is_due), today),
    }


def _with_outdated_steps() -> PublicationQuerySet:
    """Live pages that show the overview's steps, but not as the overview shows them now.

    The database compares the documents: the staff index need not read them all.
    """
    live = Publication.objects.live().alias(
        content=Cast("document", JSONField()),
        has_own_steps=KT("content__has_own_steps"),
        # Cast to text again: SQLite would read the other side of a comparison as JSON, too.
        steps=Cast(KT("content__steps"), TextField()),
    )
    overview = live.filter(page__kind="overview", language=OuterRef("language"))
    of_overview = Subquery(overview.annotate(found=F("steps")).values("found")[:1])
    borrowed = live.filter(page__kind="procedure", has_own_steps="false")
    return borrowed.exclude(steps=Coalesce(of_overview, F("steps")))


def feedback_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the oldest open feedback reports, and how many are open or look like spam."""
    if not request.user.has_perm("procedures.view_feedbackreport"):
        return None
    counts = FeedbackReport.objects.aggregate(
        open=Count("pk", filter=Q(status=FeedbackReport.Status.OPEN)),
        suspected=Count("pk", filter=Q(status=FeedbackReport.Status.SUSPECTED)),
    )
    reports = FeedbackReport.objects.open().select_related("publication__page")
    return {
        "reports": reports[:REPORTS_IN_PANEL],
        "count": counts["open"],
        "suspected": counts["suspected"],
    }
