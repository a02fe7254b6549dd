"""Actions of patient and staff at the same moment: one succeeds, the other is refused."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, connections
from django.test import Client

from consultations.lifecycle import status_changes
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import Appointment, Event, Note, Photograph
from consultations.workflow import Status
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator
from tests.procedures.publishing.photos import encoded, picture

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def both_at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each in a thread of its own, at the same moment. Gives what each returned or raised."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        try:
            connection.ensure_connection()
            start.wait(timeout=30)
            return work()
        except (NotAllowedError, SomeoneElseChangedError) as error:
            return error
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))


def sends(patient: PrivatePage, action: str, data: dict[str, Any]) -> Callable[[], int]:
    return lambda: Client().post(patient.address_of(action), data).status_code


@pytest.mark.parametrize("turn", range(4))
def test_accept_while_staff_decline(turn: int) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    request, actor = patient.now(), a_coordinator()
    answered, declined = both_at_once(
        sends(patient, "time", {"appointment": appointment.pk}),
        lambda: status_changes.change_status(
            request, Status.DECLINED, actor=actor, expected_status=Status.PROPOSED
        ),
    )
    appointment.refresh_from_db()
    if declined is None:
        assert answered == 409
        assert patient.now().status == Status.DECLINED
        assert appointment.state == Appointment.State.CANCELLED
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
    agreed, refused = both_at_once(sends(patient, "time", data), sends(patient, "other-time", data))
    assert refused == 303 and agreed in (303, 409)
    appointment.refresh_from_db()
    assert (patient.now().status, appointment.state) == (Status.CONTACTING, Appointment.State.CANCELLED)
    assert not appointment.taken.exists()


@pytest.mark.parametrize(
    ("action", "data"),
    [("withdraw", {}), ("note", {"text": "Worse."}), ("phone", {"phone": "0321 7654987"})],
)
def test_button_pressed_many_times_at_once_acts_once(action: str, data: dict[str, str]) -> None:
    patient = PrivatePage()
    assert both_at_once(*[sends(patient, action, data)] * 6) == [303] * 6
    assert Event.objects.exclude(kind=Event.Kind.SUBMITTED).count() == 1
    assert Note.objects.count() == (0 if action == "withdraw" else 1)


def test_request_another_time_many_times_at_once_leaves_one_note() -> None:
    patient = PrivatePage()
    data = {"appointment": patient.is_offered().pk, "words": "After 5pm."}
    assert both_at_once(*[sends(patient, "other-time", data)] * 6) == [303] * 6
    assert Note.objects.count() == 1


def test_photograph_sent_many_times_at_once_is_stored_once(settings: Any) -> None:
    patient = PrivatePage()
    data = encoded(picture(size=(100, 80)))

    def add() -> int:
        upload = SimpleUploadedFile("a.jpg", data)
        return Client().post(patient.address_of("photographs"), {"photographs": [upload]}).status_code

    assert both_at_once(*[add] * 6) == [303] * 6
    assert Photograph.objects.count() == 1
    assert Event.objects.filter(kind=Event.Kind.PHOTOGRAPH_ADDED).count() == 1
    assert sum(path.is_file() for path in settings.PRIVATE_ROOT.rglob("*")) == 2
