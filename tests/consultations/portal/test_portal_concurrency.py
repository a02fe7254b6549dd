"""Actions of patient and staff at the same moment: one succeeds, the other is refused."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from consultations.lifecycle import status_changes
from consultations.lifecycle.errors import SomeoneElseChangedError
from consultations.models import Appointment, Attachment, Event, Note
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator
from tests.procedures.publishing.photos import encoded, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def sends(patient: PrivatePage, action: str, data: dict[str, Any]) -> Callable[[], int]:
    return lambda: Client().post(patient.address_of(action), data).status_code


@pytest.mark.parametrize("turn", range(4))
def test_accept_while_staff_decline(turn: int) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    request, actor = patient.now(), a_coordinator()
    answered, declined = in_threads(
        sends(patient, "time", {"appointment": appointment.pk}),
        lambda: status_changes.change_status(
            request, Status.DECLINED, actor=actor, expected_status=Status.PROPOSED
        ),
    )
    appointment.refresh_from_db()
    if declined is None:
        assert answered == 409
        assert patient.now().status == Status.DECLINED
        assert appointment.state == Appointment.State.CANCELED
    else:
        assert isinstance(declined, SomeoneElseChangedError)
        assert answered == 303
        assert patient.now().status == Status.CONFIRMED
        assert appointment.state == Appointment.State.AGREED
    assert Event.objects.filter(kind=Event.Kind.STATUS_CHANGED, from_status=Status.PROPOSED).count() == 1


def test_accept_and_refuse_at_once_do_one_of_them() -> None:
    """Whichever comes last counts; a time is never both given back and agreed."""
    patient = PrivatePage()
    appointment = patient.is_offered()
    data = {"appointment": appointment.pk}
    agreed, refused = in_threads(sends(patient, "time", data), sends(patient, "other-time", data))
    assert refused == 303 and agreed in (303, 409)
    appointment.refresh_from_db()
    assert (patient.now().status, appointment.state) == (Status.CONTACTING, Appointment.State.CANCELED)
    assert not appointment.taken.exists()


@pytest.mark.parametrize(
    ("action", "data"),
    [("withdraw", {}), ("note", {"text": "Worse."}), ("phone", {"phone": "0321 7654987"})],
)
def test_button_pressed_many_times_at_once_acts_once(action: str, data: dict[str, str]) -> None:
    patient = PrivatePage()
    assert in_threads(*[sends(patient, action, data)] * 6) == [303] * 6
    assert Event.objects.exclude(kind=Event.Kind.SUBMITTED).count() == 1
    assert Note.objects.count() == (0 if action == "withdraw" else 1)


def test_request_another_time_many_times_at_once_leaves_one_note() -> None:
    patient = PrivatePage()
    data = {"appointment": patient.is_offered().pk, "words": "After 5 pm."}
    assert in_threads(*[sends(patient, "other-time", data)] * 6) == [303] * 6
    assert Note.objects.count() == 1


def test_attachment_sent_many_times_at_once_is_stored_once(settings: Any) -> None:
    patient = PrivatePage()
    data = encoded(picture(size=(100, 80)))

    def add() -> int:
        upload = SimpleUploadedFile("a.jpg", data)
        return Client().post(patient.address_of("attachments"), {"attachments": [upload]}).status_code

    assert in_threads(*[add] * 6) == [303] * 6
    assert Attachment.objects.count() == 1
    assert Event.objects.filter(kind=Event.Kind.ATTACHMENT_ADDED).count() == 1
    assert sum(path.is_file() for path in settings.PRIVATE_ROOT.rglob("*")) == 2
