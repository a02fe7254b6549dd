"""A patient is forgotten on her wish: nothing of her is left, the figures stay, and nothing is sent."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import MANAGER
from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from consultations.data_rights import erasure, erasure_log
from consultations.intake.submission import submit
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import Appointment, ConsultationRequest, Event, PrivateLink, TakenSlot
from consultations.portal.actions import add_patient_note
from consultations.tokens import SubmissionKey
from tests.consultations.data_rights.erasure_helpers import left_of_her, somebody
from tests.factories import a_request, a_submission, staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager() -> User:
    return staff(MANAGER)


def erase(request: ConsultationRequest, by: User) -> None:
    erasure.erase(request, actor=by, reason="asked_in_writing")


def test_nothing_is_left_of_her_in_any_table_or_file(manager: User) -> None:
    request = somebody(manager)
    assert {trace.partition(":")[0] for trace in left_of_her()} > {
        "consultations.ConsultationRequest",
        "consultations.Note",
        "consultations.SearchTerm",
        "mail.OutgoingMessage",
    }
    erase(request, manager)
    assert left_of_her() == []
    assert not PrivateLink.objects.exists()
    assert not ConsultationRequest.objects.search("Qazalbash").exists()


def test_it_is_still_found_by_its_reference_and_by_nothing_else(manager: User) -> None:
    request = somebody(manager)
    erase(request, manager)
    assert list(ConsultationRequest.objects.search(request.reference.lower())) == [request]
    assert request.terms.count() == 1


def test_what_is_counted_stays(manager: User) -> None:
    request = somebody(manager)
    kept = (
        *("reference", "for_whom", "about", "procedure_name", "onset", "contact_method", "speaks"),
        *("language", "source_page", "created_at", "promised_by", "first_contact_at", "assignee_id"),
    )
    before = ConsultationRequest.objects.values(*kept).get()
    erase(request, manager)
    assert ConsultationRequest.objects.values(*kept).get() == before
    assert request.erased_at and request.patient_age is None and request.phone == ""


def test_every_field_is_either_forgotten_or_known_to_name_nobody() -> None:
    """A new field has to be thought of."""
    counted = {
        *("id", "reference", "key_hash", "status", "for_whom", "about", "procedure", "procedure_name"),
        *("onset", "contact_method", "speaks", "language", "notice", "consented_at", "source_page"),
        *(
            "created_at",
            "status_changed_at",
            "promised_by",
            "first_contact_at",
            "assignee",
            "erased_at",
            "version",
        ),
    }
    fields = {field.name for field in ConsultationRequest._meta.fields}
    assert fields - counted == erasure.FORGOTTEN.keys()


def test_an_open_request_becomes_withdrawn_and_its_time_is_given_back_without_a_word(manager: User) -> None:
    request = somebody(manager)
    erase(request, manager)
    assert request.status == "withdrawn"
    assert Appointment.objects.get().state == "cancelled"
    assert not TakenSlot.objects.exists()
    assert not OutgoingMessage.objects.exists()
    told = [(event.kind, event.actor, event.detail) for event in request.events.all()]
    assert told[-1] == ("erased", manager, {"why": "asked_in_writing"})
    assert "time_cancelled" in [kind for kind, _actor, _detail in told]


def test_a_time_that_has_begun_is_given_back_too_for_nobody_can_mark_it_later(manager: User) -> None:
    request = somebody(manager)
    begun = timezone.now() - timedelta(minutes=10)
    Appointment.objects.update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    erase(request, manager)
    assert request.status == "withdrawn"
    assert Appointment.objects.get().state == "cancelled"
    assert not TakenSlot.objects.exists()


@pytest.mark.parametrize("status", ["completed", "did_not_attend", "declined", "unreachable", "quarantined"])
def test_a_request_that_was_not_open_keeps_its_status(manager: User, status: str) -> None:
    request = a_request(status=status)
    erase(request, manager)
    assert request.status == status
    assert not request.events.filter(kind="status_changed").exists()


def test_a_message_that_a_worker_has_just_taken_is_not_handed_over(manager: User, settings: Any) -> None:
    request = somebody(manager)
    OutgoingMessage.objects.exclude(kind="time_agreed").delete()
    message = worker.lease(OutgoingMessage.objects.get().next_attempt_at)
    assert message
    erase(request, manager)
    with pytest.raises(worker.LeaseLostError):
        worker._hand_over(message)


def test_twice_is_once(manager: User) -> None:
    request = somebody(manager)
    stale = ConsultationRequest.objects.get()
    erase(request, manager)
    with pytest.raises(SomeoneElseChangedError):
        erase(stale, manager)
    assert Event.objects.filter(kind="erased").count() == 1
    assert len(erasure_log.read().erasures) == 1


@pytest.mark.parametrize("reason", ["", "Mahrukhsar asked", "retention", "restored"])
def test_only_a_reason_from_the_list_erases(manager: User, reason: str) -> None:
    request = somebody(manager)
    with pytest.raises(NotAllowedError):
        erasure.erase(request, actor=manager, reason=reason)
    request.refresh_from_db()
    assert request.patient_name and not erasure_log.read().erasures


def test_the_ledger_names_the_reference_and_nothing_else(manager: User, settings: Any) -> None:
    request = somebody(manager)
    erase(request, manager)
    (line,) = Path(settings.ERASURE_LEDGER).read_text().splitlines()
    assert line == f"{request.erased_at.isoformat()} {request.reference}"
    assert Path(settings.ERASURE_LEDGER).stat().st_mode & 0o777 == 0o600


def test_where_the_ledger_cannot_be_written_nothing_is_erased(manager: User, settings: Any) -> None:
    request = somebody(manager)
    settings.ERASURE_LEDGER = Path("/dev/full")
    with pytest.raises(OSError):
        erase(request, manager)
    request.refresh_from_db()
    assert request.patient_name and request.status == "confirmed"
    assert request.photographs.count() == 1 and any(settings.PRIVATE_ROOT.rglob("*.jpg"))


def test_a_crash_before_the_commit_leaves_an_entry_and_the_next_replay_erases(manager: User) -> None:
    request = somebody(manager)
    with pytest.raises(KeyboardInterrupt), transaction.atomic():
        erase(request, manager)
        raise KeyboardInterrupt
    assert ConsultationRequest.objects.get().patient_name
    assert erasure.is_to_be_replayed()
    assert erasure.replay([]).erased == 1
    assert left_of_her() == []
    assert not erasure.is_to_be_replayed()
    assert erasure.replay([]).erased == 0


def test_the_form_that_made_it_makes_a_new_request_and_opens_nothing_of_the_old(
    manager: User, client: Any
) -> None:
    key = SubmissionKey.new()
    request = somebody(manager, key)
    address = reverse("consultations:private", args=[key.token])
    assert client.get(address).status_code == 200
    erase(request, manager)
    assert client.get(address).status_code == 404
    again = submit(a_submission(key=key))
    assert again.pk != request.pk
    request.refresh_from_db()
    assert request.patient_name == ""


def test_a_patient_who_had_the_page_open_adds_nothing_any_more(manager: User) -> None:
    request = a_request(status="quarantined")
    before = ConsultationRequest.objects.get()
    erase(request, manager)
    with pytest.raises(NotAllowedError):
        add_patient_note(before, "A secretword.")
    assert not request.notes.exists()
