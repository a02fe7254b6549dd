"""Warnings for staff whose change affects existing appointments or assigned requests."""

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
from clinic_site.core.templatetags.formatting import clock
from consultations import workflow
from consultations.appointments import availability
from consultations.desk.assignees import is_colleague, name_of
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import AppointmentQuerySet
from consultations.staff_pages import VIEW
from procedures.models import Practitioner

# More appointments are found on the week page.
MAX_LISTED = 20


def closure_over_times(closure: Closure, by: User) -> str:
    found = _to_come().on_days(closure.starts_on, closure.ends_on)
    words = _("Appointments fall on these days: {times}. Call the patients.")
    return _naming(words, list(found[: MAX_LISTED + 1]), by)


def times_outside_hours(session: OpeningHours, by: User) -> str:
    """``session`` is as it was before it was changed or deleted."""
    hours = BusinessHours(business_hours.load().sessions)  # closures have their own warning
    found = [
        time
        for time in _to_come()
        if availability.overlaps_session(time, session)
        and not availability.is_open(hours, time.starts_at, time.ends_at)
    ]
    words = _("Appointments are now outside the opening hours: {times}. Call the patients.")
    return _naming(words, found, by)


def times_with_nobody(practitioner: Practitioner, by: User) -> str:
    found = _to_come().filter(practitioner=practitioner) if not practitioner.is_active else ()
    words = _("Appointments with {name}, who no longer works here: {times}. Call the patients.")
    return _naming(words, list(found[: MAX_LISTED + 1]), by, name=practitioner.name)


def requests_with_nobody(person: User, by: User) -> str:
    """Open requests assigned to a person who cannot work on them, with a link for each status."""
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
        "{count} open request is still assigned to {name}: {lists}. Assign it to someone else.",
        "{count} open requests are still assigned to {name}: {lists}. Assign them to someone else.",
        count,
    )
    return format_html(words, count=count, name=name_of(person), lists=_joined(lists))


def _to_come() -> AppointmentQuerySet:
    return Appointment.objects.live().filter(ends_at__gt=timezone.now()).select_related("request")


def _naming(words: str, times: list[Appointment], by: User, **more: str) -> str:
    """The sentence, naming appointments by reference and time only; "" if there are none."""
    if not times:
        return ""
    named = [_named(time, by) for time in times[:MAX_LISTED]]
    if len(times) > MAX_LISTED:
        named.append(format_html("{}", _("and more")))
    return format_html(words, times=_joined(named), **more)


def _named(time: Appointment, by: User) -> SafeString:
    at = timezone.localtime(time.starts_at)
    return format_html(
        _("{reference} on {day}, {time}"),
        reference=_linked(reverse("desk:request", args=[time.request_id]), time.request.reference, by),
        day=date_format(at, "l j F"),
        time=clock(at),
    )


def _linked(address: str, words: str, by: User) -> SafeString:
    """A link, for staff who may open it."""
    return format_html('<a href="{}">{}</a>' if by.has_perm(VIEW) else "{1}", address, words)


def _joined(parts: list[SafeString]) -> SafeString:
    return format_html_join("; ", "{}", ((part,) for part in parts))
