"""What the tests of appointments share: a clinic that is open, its people, and times in a week to come."""

from datetime import datetime, time, timedelta
from typing import Any

from django.utils import timezone

from clinic_site.clinic.models import OpeningHours
from consultations.appointments import offers
from consultations.desk.queue.tabs import TABS, Scope
from consultations.models import Appointment, ConsultationRequest
from procedures.models import Practitioner
from tests.factories import a_coordinator, a_request, a_reviewer


def open_every_day(opens: time = time(9), closes: time = time(17)) -> None:
    OpeningHours.objects.bulk_create(
        OpeningHours(weekday=day, opens=opens, closes=closes) for day in range(7)
    )


def at(hour: int, minute: int = 0, *, days: int = 3) -> datetime:
    """Return a time of day in the clinic's time zone, ``days`` from today."""
    zone = timezone.get_default_timezone()
    return datetime.combine(timezone.localdate() + timedelta(days=days), time(hour, minute), zone)


def given(
    request: ConsultationRequest,
    practitioner: Practitioner,
    starts_at: datetime,
    *,
    minutes: int = 30,
    agreed: bool = False,
    version: int | None = None,
) -> Appointment:
    """Offer an appointment to a request as it is stored, or agree on one."""
    request.refresh_from_db()
    appointment = offers.offer_time(
        request,
        practitioner,
        starts_at,
        timedelta(minutes=minutes),
        agreed=agreed,
        actor=a_coordinator(),
        version=request.version if version is None else version,
    )
    request.refresh_from_db()
    return appointment


def due(tab: str = "overdue") -> list[ConsultationRequest]:
    """The requests in a tab of the queue, as a coordinator sees it now."""
    return list(TABS[tab].requests(Scope(a_coordinator(), timezone.now())))


def an_agreed_time(starts_at: datetime, **changes: Any) -> Appointment:
    practitioner = Practitioner.objects.first() or a_reviewer()
    return given(a_request(**changes), practitioner, starts_at, agreed=True)
