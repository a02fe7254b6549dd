"""The desk's panel on the staff index: numbers and references, without personal details."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone

from clinic_site.clinic import business_hours
from clinic_site.core.rate_limits import recent_refusals
from clinic_site.mail.models import OutgoingMessage
from consultations.appointments.reminders import due_manually
from consultations.desk.queue.rows import Row
from consultations.desk.queue.tabs import TO_DO, Scope, count_tabs
from consultations.models import Appointment, ConsultationRequest
from consultations.models.consultation_requests import CountOf
from consultations.staff_pages import VIEW, member


def panel(request: HttpRequest) -> dict[str, Any] | None:
    """Return the context of the panel, or None without the permission. Seven queries."""
    if not request.user.has_perm(VIEW):
        return None
    scope, hours = Scope(member(request), timezone.now()), business_hours.load()
    longest = ConsultationRequest.objects.longest_against_the_promise()
    counts = ConsultationRequest.objects.counts(
        appointments_today=CountOf(Appointment.objects.live().on_days(scope.today, scope.today), column="pk"),
        reminders_due=CountOf(due_manually(scope.now, hours), column="pk"),
    )
    return counts | {
        "numbers": {tab.name: number for tab, number in count_tabs(scope, TO_DO).items()},
        "longest": Row(longest, hours, scope.now) if longest else None,
        "may_manage_feeds": request.user.has_perm("consultations.manage_feeds"),
        "undelivered": OutgoingMessage.objects.undelivered().count(),
        "refusals": recent_refusals(scope.now),
    }
