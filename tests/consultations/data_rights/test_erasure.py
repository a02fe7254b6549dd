"""Erasure: no personal details are left, statistics stay, no message is sent."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from consultations.data_rights import erasure, erasure_log
from consultations.intake.submission import submit
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import Appointment, ConsultationRequest, Event, PrivateLink, TakenSlot
from consultations.portal.actions import add_patient_note
from consultations.tokens import SubmissionKey
from tests.consultations.data_rights.erasure_helpers import personal_details_left, request_with_traces
from tests.factories import a_request, a_submission

pytestmark = pytest.mark.django_db

Erase = Callable[[ConsultationRequest], None]


def test_erasure_leaves_no_trace_and_keeps_statistics(manager: User, erase: Erase) -> None:
    request = request_with_traces(manager)
    assert {trace.partition(":")[0] for trace in personal_details_left()} > {
        "consultations.ConsultationRequest",
        "consultations.Note",
        "consultations.SearchTerm",
        "mail.OutgoingMessage",
    }
    kept = (
        *("reference", "for_whom", "about", "procedure_name", "onset", "contact_method", "speaks"),
        *("language", "source_page", "created_at", "promised_by", "first_contact_at", "assignee_id"),
    )
    before = ConsultationRequest.objects.values(*kept).get()
    erase(request)
    assert personal_details_left() == []
    assert not PrivateLink.objects.exists()
    assert ConsultationRequest.objects.values(*kept).get() == before
    assert request.erased_at and request.patient_age is None and request.phone == ""
    # Found by its reference only.
    assert not ConsultationRequest.objects.search("Qazalbash").exists()
    assert list(ConsultationRequest.objects.search(request.reference.lower())) == [request]
    assert request.terms.count() == 1


def test_every_field_is_erased_or_not_personal() -> None:
    """A new field has to be decided on."""
    counted = {
        *("id", "reference", "key_hash", "status", "for_whom", "about", "procedure", "procedure_name"),
        *("onset", "contact_method", "speaks", "language", "notice", "consented_at", "source_page"),
        *("created_at", "status_changed_at", "promised_by", "first_contact_at", "assignee", "erased_at"),
        *("version", "channel", "consent", "taken_by"),
    }
    fields = {field.name for field in ConsultationRequest._meta.fields}
    assert fields - counted == erasure.ERASED_VALUES.keys()


def test_erasing_open_request_withdraws_without_mail(manager: User, erase: Erase, settings: Any) -> None:
    request = request_with_traces(manager)
    # Even an appointment that has begun.
    begun = timezone.now() - timedelta(minutes=10)
    Appointment.objects.update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    erase(request)
    assert request.status == "withdrawn"
    assert Appointment.objects.get().state == "canceled"
    assert not TakenSlot.objects.exists()
    assert not OutgoingMessage.objects.exists()
    told = [(event.kind, event.actor, event.detail) for event in request.events.all()]
    assert told[-1] == ("erased", manager, {"why": "asked_in_writing"})
    assert "time_canceled" in [kind for kind, _actor, _detail in told]
    ledger = Path(settings.ERASURE_LEDGER)
    assert ledger.read_text().strip() == f"{request.erased_at.isoformat()} {request.reference}"
    assert ledger.stat().st_mode & 0o777 == 0o600


def test_erasing_closed_request_keeps_status(erase: Erase) -> None:
    for status in ("completed", "did_not_attend", "declined", "unreachable", "quarantined"):
        request = a_request(status=status)
        erase(request)
        assert request.status == status
        assert not request.events.filter(kind="status_changed").exists()


def test_leased_message_of_erased_request_is_not_sent(manager: User, erase: Erase) -> None:
    request = request_with_traces(manager)
    OutgoingMessage.objects.exclude(kind="appointment_agreed").delete()
    message = worker.lease(OutgoingMessage.objects.get().next_attempt_at)
    assert message
    erase(request)
    with pytest.raises(worker.LeaseLostError):
        worker._count_unconfirmed(message)


def test_erasing_twice_or_without_a_reason_from_the_list_is_refused(manager: User, erase: Erase) -> None:
    request = a_request()
    for reason in ("", "Mahrukhsar asked", "retention", "restored"):
        with pytest.raises(NotAllowedError):
            erasure.erase(request, actor=manager, reason=reason)
    request.refresh_from_db()
    assert request.patient_name and not erasure_log.read().erasures
    stale = ConsultationRequest.objects.get()
    erase(request)
    with pytest.raises(SomeoneElseChangedError):
        erase(stale)
    assert Event.objects.filter(kind="erased").count() == 1
    assert len(erasure_log.read().erasures) == 1


def test_nothing_is_erased_without_erasure_log(manager: User, erase: Erase, settings: Any) -> None:
    request = request_with_traces(manager)
    settings.ERASURE_LEDGER = Path("/dev/full")
    with pytest.raises(OSError):
        erase(request)
    request.refresh_from_db()
    assert request.patient_name and request.status == "confirmed"
    assert request.attachments.count() == 1 and any(settings.PRIVATE_ROOT.rglob("*.jpg"))


def test_replay_completes_interrupted_erasure(
    manager: User, erase: Erase, django_capture_on_commit_callbacks: Any
) -> None:
    request = request_with_traces(manager)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        erasure.erase(request, actor=manager, reason="asked_in_writing")
        raise KeyboardInterrupt
    assert ConsultationRequest.objects.get().patient_name
    with pytest.raises(RuntimeError, match="replay_erasures"):
        erasure.require_replayed()
    with django_capture_on_commit_callbacks(execute=True):
        assert erasure.replay([]).erased == 1
    assert personal_details_left() == []
    erasure.require_replayed()
    assert erasure.replay([]).erased == 0


def test_form_of_erased_request_makes_new_request(erase: Erase, client: Client) -> None:
    key = SubmissionKey.new()
    request = a_request(key=key)
    address = reverse("consultations:private", args=[key.token])
    assert client.get(address).status_code == 200
    erase(request)
    assert client.get(address).status_code == 404
    again = submit(a_submission(key=key))
    assert again.pk != request.pk
    request.refresh_from_db()
    assert request.patient_name == ""


def test_open_portal_page_cannot_add_to_erased_request(erase: Erase) -> None:
    request = a_request(status="quarantined")
    before = ConsultationRequest.objects.get()
    erase(request)
    with pytest.raises(NotAllowedError):
        add_patient_note(before, "A secretword.")
    assert not request.notes.exists()
