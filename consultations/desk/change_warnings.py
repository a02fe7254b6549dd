"""Warnings for staff whose change affects existing appointments or assigned requests."""

from django.db.models import Count
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.clinic.business_hours import BusinessHours
from clinic_site.clinic.models import Closure, OpeningHours
from consultations import workflow
from consultations.appointments import availability
from consultations.desk.assignees import assignable
from consultations.models import Appointment, ConsultationRequest
from consultations.models.appointments import AppointmentQuerySet
from consultations.staff_pages import VIEW
from procedures.models import Practitioner

# More appointments are found on the week page.
MAX_LISTED = 20


def appointments_during_closure(closure: Closure, by: User) -> str:
    found = _future().on_days(closure.starts_on, closure.ends_on)
    return _warning(_("Appointments fall on these days"), list(found[: MAX_LISTED + 1]), by)


def appointments_outside_hours(session: OpeningHours, by: User) -> str:
    """``session`` is as it was before it was changed or deleted."""
    hours = BusinessHours(business_hours.load().sessions)  # closures have their own warning
    found = [
        appointment
        for appointment in _future()
        if availability.overlaps_session(appointment, session)
        and not availability.is_open(hours, appointment.starts_at, appointment.ends_at)
    ]
    return _warning(_("Appointments are now outside the opening hours"), found, by)


def appointments_of_former_practitioner(practitioner: Practitioner, by: User) -> str:
    if practitioner.is_active:
        return ""
    problem = _("Appointments with %(name)s, who no longer works here") % {"name": practitioner.name}
    return _warning(problem, list(_future().filter(practitioner=practitioner)[: MAX_LISTED + 1]), by)


def requests_of_former_colleague(person: User, by: User) -> str:
    """Open requests assigned to a person who cannot work on them, with a link for each status."""
    if assignable().filter(pk=person.pk).exists():
        return ""
    theirs = ConsultationRequest.objects.filter(assignee=person, status__in=workflow.OPEN)
    numbers = dict(theirs.order_by().values_list("status").annotate(Count("pk")))
    context = {
        "person": person,
        "count": sum(numbers.values()),
        "statuses": [
            (status, _(name), numbers[status]) for status, name in workflow.NAMES.items() if status in numbers
        ],
        "may_view": by.has_perm(VIEW),
    }
    return render_to_string("consultations/desk/change_warnings/requests.html", context) if numbers else ""


def _future() -> AppointmentQuerySet:
    found = Appointment.objects.filter(state__in=Appointment.PENDING, ends_at__gt=timezone.now())
    return found.select_related("request")


def _warning(problem: str, appointments: list[Appointment], by: User) -> str:
    """A sentence that names appointments by reference and time only; "" if there are none."""
    context = {
        "problem": problem,
        "appointments": appointments[:MAX_LISTED],
        "has_more": len(appointments) > MAX_LISTED,
        "may_view": by.has_perm(VIEW),
    }
    return (
        render_to_string("consultations/desk/change_warnings/appointments.html", context)
        if appointments
        else ""
    )
