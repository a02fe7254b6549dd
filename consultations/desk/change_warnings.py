"""What somebody is told who takes away what patients were given, or who has their requests."""

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.http import urlencode
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.clinic.models import Closure, OpeningHours
from clinic_site.core.templatetags.site_tags import clock
from consultations import workflow
from consultations.appointments import availability
from consultations.desk.assignees import is_colleague, name_of
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import AppointmentQuerySet
from consultations.staff_pages import VIEW
from procedures.models import Practitioner

# More times than that stand under Week.
MOST_NAMED = 20


def closure_over_times(closure: Closure, by: User) -> str:
    found = _to_come().on_days(closure.starts_on, closure.ends_on)
    words = _("Times that patients were given fall on these days: {times}. Call them.")
    return _naming(words, list(found[: MOST_NAMED + 1]), by)


def times_outside_hours(session: OpeningHours, by: User) -> str:
    """Of a session as it was before it was changed or deleted."""
    hours = BusinessHours(business_hours.load().sessions)  # of what falls on a closure was told before
    found = [
        time
        for time in _to_come()
        if availability.overlaps_session(time, session)
        and not availability.is_open(hours, time.starts_at, time.ends_at)
    ]
    words = _("Times that patients were given are outside the opening hours now: {times}. Call them.")
    return _naming(words, found, by)


def times_with_nobody(practitioner: Practitioner, by: User) -> str:
    found = _to_come().filter(practitioner=practitioner) if not practitioner.is_active else ()
    words = _("Patients were given times with {name}, who no longer works here: {times}. Call them.")
    return _naming(words, list(found[: MOST_NAMED + 1]), by, name=practitioner.name)


def requests_with_nobody(person: User, by: User) -> str:
    """The open requests of somebody who can do nothing about them: one list for each status."""
    if is_colleague(person):
        return ""
    theirs = ConsultationRequest.objects.filter(assignee=person, status__in=workflow.OPEN)
    numbers = dict(theirs.order_by().values_list("status").annotate(Count("pk")))
    if not numbers:
        return ""
    lists = [
        _linked(
            f"{reverse('desk:queue')}?{urlencode({'tab': status, 'assignee': str(person.pk)})}",
            f"{_(workflow.NAMES[status])} ({numbers[status]})",
            by,
        )
        for status in workflow.NAMES
        if status in numbers
    ]
    count = sum(numbers.values())
    words = ngettext(
        "{count} open request is still assigned to {name}: {lists}. Give it to somebody else.",
        "{count} open requests are still assigned to {name}: {lists}. Give them to somebody else.",
        count,
    )
    return format_html(words, count=count, name=name_of(person), lists=_joined(lists))


def _to_come() -> AppointmentQuerySet:
    return Appointment.objects.live().filter(ends_at__gt=timezone.now()).select_related("request")


def _naming(words: str, times: list[Appointment], by: User, **more: str) -> str:
    """The sentence with the times by reference and time only; "" if there are none."""
    if not times:
        return ""
    named = [_named(time, by) for time in times[:MOST_NAMED]]
    if len(times) > MOST_NAMED:
        named.append(format_html("{}", _("and more")))
    return format_html(words, times=_joined(named), **more)


def _named(time: Appointment, by: User) -> SafeString:
    at = availability.local(time.starts_at)
    return format_html(
        _("{reference} on {day}, {time}"),
        reference=_linked(reverse("desk:request", args=[time.request_id]), time.request.reference, by),
        day=date_format(at, "l j F"),
        time=clock(at),
    )


def _linked(address: str, words: str, by: User) -> SafeString:
    """A link, for whoever may follow it."""
    return format_html('<a href="{}">{}</a>' if by.has_perm(VIEW) else "{1}", address, words)


def _joined(parts: list[SafeString]) -> SafeString:
    return format_html_join("; ", "{}", ((part,) for part in parts))
