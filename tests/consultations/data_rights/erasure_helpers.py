"""A request with personal details in every table, and a search for what is left of them."""

from datetime import timedelta

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.mail import queue as mail_queue
from consultations import private_links
from consultations.intake import file_storage
from consultations.intake.submission import submit
from consultations.intake.upload_cleaning import CleanFile
from consultations.lifecycle import booking, disclosures
from consultations.lifecycle.staff_actions import Outcome, add_note, assign, record_contact
from consultations.models import Appointment, Attachment, ConsultationRequest, Disclosure, Presence
from consultations.models.appointments import SLOT
from consultations.phone_numbers import parse
from consultations.portal.actions import add_patient_note, change_contact_details
from consultations.tokens import SubmissionKey
from tests.factories import a_reviewer, a_submission, version_of

ABOUT_HER = {
    "for_whom": "adult",
    "requester_name": "Zarminagul Qazalbash",
    "relationship": "granddaughter",
    "patient_knows": "yes",
    "patient_name": "Mahrukhsar Qazalbash",
    "patient_age": 97,
    "age_as_typed": "97 saal",
    "city": "Mianchannu",
    "message": "Her thumbtip tingles.",
    "contact_method": "email",
    "phone_as_typed": "0301 5550142",
    "phone": "+923015550142",
    "phone_extension": "5550143",
    "phone_is_shared": True,
    "email": "zarminagul@example.com",
    "may_identify_clinic": "yes",
    "days": [1],
    "parts_of_day": ["evening"],
    "speaks_other": "Hindko",
    "woman_staff": True,
    "access_needs": "A wheelchairramp",
}
# In lower case. No table may hold one of them after erasure.
TRACES = (
    *("zarminagul", "qazalbash", "mahrukhsar", "granddaughter", "mianchannu", "thumbtip"),
    *("5550142", "5550143", "5550144", "hindko", "wheelchair", "secretword"),
)
CLEAN = CleanFile(kind="image", content=b"a photograph", thumbnail=b"small", width=4, height=3)


def request_with_traces(actor: User, key: SubmissionKey | None = None) -> ConsultationRequest:
    """A request with notes, files, links, an agreed appointment and unsent mail."""
    request = submit(a_submission(key=key, **ABOUT_HER))
    stored = file_storage.store(CLEAN)
    Attachment.objects.create(
        request=request,
        kind="image",
        name=stored.name,
        thumbnail_name=stored.thumbnail_name,
        size=stored.size,
        digest="0" * 64,
        added_at=timezone.now(),
    )
    change_contact_details(request, parse("0301 5550144").fields())
    add_patient_note(request, "A secretword of hers.")
    record_contact(request, Outcome.SPOKE, actor=actor, version=version_of(request))
    assign(request, actor, actor=actor, version=version_of(request))
    add_note(request, "Mahrukhsar said a secretword.", actor=actor)
    private_links.new_link(request)
    disclosures.record(actor, [request], Disclosure.Kind.OPENED)
    Presence.objects.create(request=request, user=actor, opened_at=timezone.now(), seen_at=timezone.now())
    begins = timezone.now().replace(minute=0, second=0, microsecond=0) + timedelta(days=3)
    with transaction.atomic():
        booking.reserve(request, a_reviewer(), begins, 4 * SLOT, state=Appointment.State.AGREED, actor=actor)
        ConsultationRequest.objects.filter(pk=request.pk).update(status="confirmed")
        mail_queue.queue(
            ABOUT_HER["email"],
            "Your appointment",
            "Dear Zarminagul",
            kind="appointment_agreed",
            about=request.reference,
            phone_for_staff="+923015550142",
        )
    request.refresh_from_db()
    return request


def personal_details_left() -> list[str]:
    """Return the tables with personal details, and the stored files."""
    found = [
        f"{model._meta.label}: {trace}"
        for model in apps.get_models()
        for row in model._base_manager.values()
        for trace in TRACES
        if trace in str(row).lower()
    ]
    return found + [str(path) for path in settings.PRIVATE_ROOT.rglob("*") if path.is_file()]
