"""Helpers of the message tests: a clinic, requests, appointments, and the queued messages."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from clinic_site.accounts.models import User
from clinic_site.clinic.models import ClinicProfile
from clinic_site.mail.models import OutgoingMessage
from consultations.messaging import notify
from consultations.models import Appointment, ConsultationRequest
from procedures.models import Practitioner
from tests.factories import a_request, a_reviewer, staff

START = datetime(2026, 11, 25, 12, 30, tzinfo=UTC)  # 5:30 pm in Lahore, a Wednesday


def a_clinic(**fields: Any) -> ClinicProfile:
    return ClinicProfile.objects.create(
        **{
            "name": "Canal Clinic",
            "address": "12 Canal Road\nGulberg",
            "city": "Lahore",
            "phone": "042 3576 1999",
            "answer_promise": "by the end of the next working day",
        }
        | fields
    )


def with_email(**changes: Any) -> ConsultationRequest:
    """A request of a patient with email, without the messages that its submission queued."""
    request = a_request(
        **{"contact_method": "email", "email": "ayesha@example.com", "message": "My thumb is numb."} | changes
    )
    OutgoingMessage.objects.all().delete()
    return request


def an_appointment(request: ConsultationRequest, **fields: Any) -> Appointment:
    values = {
        "practitioner": Practitioner.objects.first() or a_reviewer(),
        "starts_at": START,
        "ends_at": START + timedelta(minutes=30),
        "state": Appointment.State.AGREED,
        "state_changed_at": START - timedelta(days=2),
        "made_at": START - timedelta(days=2),
        "patient_informed_at": START - timedelta(days=2),
        "made_by": User.objects.filter(email="made-it@clinic.example").first()
        or staff(email="made-it@clinic.example"),
    } | fields
    return Appointment.objects.create(request=request, **values)


def queued(kind: str, request: ConsultationRequest, **options: Any) -> list[OutgoingMessage]:
    """Queue a message of the catalogue, or notify of a status change (``was``); return the new rows."""
    before = set(OutgoingMessage.objects.values_list("pk", flat=True))
    with transaction.atomic():
        if kind == "status":
            notify.notify_status_change(request, **options)
        else:
            notify.queue_message(kind, request, **options)
    return list(OutgoingMessage.objects.exclude(pk__in=before).order_by("pk"))
