"""Actions of patient and staff at the same moment: one succeeds, the other is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from consultations.lifecycle import staff_actions
from consultations.lifecycle.errors import SomeoneElseChangedError
from consultations.models import Appointment, Attachment, Event, Note
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.portal.portal_pages import PrivatePage
from tests.factories import a_coordinator
from tests.procedures.publishing.photos import encoded, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def sends(patient: PrivatePage, action: str, **data: Any) -> Callable[[], int]:
    return lambda: Client().post(patient.address_of(action), data).status_code


def declines(patient: PrivatePage, version: int) -> Callable[[], None]:
    actor = a_coordinator()
    return lambda: staff_actions.change_status(patient.request, Status.DECLINED, actor=actor, version=version)


def test_accept_while_staff_decline() -> None:
    for turn in range(4):
        patient = PrivatePage()
        appointment = patient.is_offered(days=3 + turn)
        version = patient.now().version
        answered, declined = in_threads(
            sends(patient, "time", appointment=appointment.pk), declines(patient, version)
        )
        appointment.refresh_from_db()
        after = (answered, patient.now().status, appointment.state)
        if declined is None:
            assert after == (409, Status.DECLINED, Appointment.State.CANCELED)
        else:
            assert isinstance(declined, SomeoneElseChangedError)
            assert after == (303, Status.CONFIRMED, Appointment.State.AGREED)
        assert patient.request.events.filter(from_status=Status.PROPOSED).count() == 1


def test_accept_and_refuse_at_once_do_one_of_them() -> None:
    """A time is never both given back and agreed: once agreed, it is kept."""
    patient = PrivatePage()
    appointment = patient.is_offered()
    version = patient.now().version
    agreed, refused = in_threads(
        sends(patient, "time", appointment=appointment.pk), sends(patient, "other-time", version=version)
    )
    assert refused == 303 and agreed in (303, 409)
    appointment.refresh_from_db()
    kept = (Status.CONFIRMED, Appointment.State.AGREED, True)
    given_back = (Status.CONTACTING, Appointment.State.CANCELED, False)
    after = (patient.now().status, appointment.state, appointment.taken.exists())
    assert after == (kept if agreed == 303 else given_back)


def test_button_pressed_many_times_at_once_acts_once(settings: Any) -> None:
    photo = encoded(picture(size=(100, 80)))
    offered = PrivatePage()
    offered.is_offered()
    version = offered.now().version
    for patient, action, data, notes in (
        (PrivatePage(), "withdraw", {}, 0),
        (PrivatePage(), "note", {"text": "Worse."}, 1),
        (PrivatePage(), "contact", {"phone": "0321 7654987"}, 1),
        (offered, "other-time", {"version": version, "words": "After 5 pm."}, 1),
        (PrivatePage(), "attachments", {}, 0),
    ):

        def press(patient: PrivatePage = patient, action: str = action, data: Any = data) -> int:
            files = {"attachments": SimpleUploadedFile("a.jpg", photo)} if action == "attachments" else {}
            return sends(patient, action, **data, **files)()

        before = patient.request.events.count()
        assert in_threads(*[press] * 6) == [303] * 6, action
        made = patient.request.events.count() - before
        assert made == (3 if action == "other-time" else 1), action  # status, refusal, cancellation
        assert Note.objects.filter(request=patient.request).count() == notes, action
    assert Attachment.objects.count() == 1
    assert Event.objects.filter(kind=Event.Kind.ATTACHMENT_ADDED).count() == 1
    assert sum(path.is_file() for path in settings.PRIVATE_ROOT.rglob("*")) == 2
