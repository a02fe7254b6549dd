"""Panels of the first staff page: pages due for review or with outdated content, feedback reports."""

from typing import Any

from django.db.models import Count, Q
from django.http import HttpRequest
from django.utils import timezone

from procedures.models import FeedbackReport
from procedures.models.publications import HAS_OUTDATED_DISCLAIMER, is_outdated
from procedures.publishing.documents import PageDocument
from procedures.staff import review_reminders

# The panel names the oldest reports; a link leads to the others.
REPORTS_IN_PANEL = 5


def pages_panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the outdated pages and translations, and the pages due for review. One query."""
    if not request.user.has_perm("procedures.view_publication"):
        return None
    live = review_reminders.live_pages(timezone.localdate())
    found = list(live.annotate(has_outdated_disclaimer=HAS_OUTDATED_DISCLAIMER, is_outdated=is_outdated()))
    by_page = sorted(found, key=lambda publication: publication.page_id)
    documents = {publication: PageDocument.from_json(publication.document) for publication in by_page}
    steps = {page.language: page.steps for page in documents.values() if page.kind == "overview"}
    return {
        "outdated_translations": [item for item in by_page if item.is_outdated],
        "outdated_disclaimer": [item for item in by_page if item.has_outdated_disclaimer],
        # Pages that show the overview's steps, but not as the overview shows them now.
        "outdated_steps": [
            publication
            for publication, page in documents.items()
            if page.kind == "procedure"
            and not page.has_own_steps
            and page.steps != steps.get(page.language, page.steps)
        ],
        "due": [publication for publication in found if publication.urgency],
    }


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
