"""Which steps the page of a request draws, before and after an agreed time, and whom staff have to tell."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from consultations.models import Appointment
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, at, given
from tests.consultations.form_pages import Page
from tests.factories import a_request, a_reviewer

pytestmark = pytest.mark.django_db

NOT_INFORMED = "No email: the patient has not been told yet. Call, or write by WhatsApp."
BY_MOUTH = "No email: the patient has only heard this time. Confirm it by WhatsApp."


@pytest.fixture(autouse=True)
def clock() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as travelled:
        yield travelled


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    return a_reviewer()


def buttons(page: Page) -> list[str]:
    return [button["value"] for button in page.all("button", name="to")]


def warnings(page: Page) -> list[str]:
    return [line.text for line in page.all("li") if line.attributes.get("class") == "warning"]


def test_a_visit_cannot_be_marked_before_it_begins(practitioner: Practitioner, clock: Any) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins - timedelta(minutes=1))
    desk = Desk(request, a_coordinator())
    page = desk.opens()
    assert buttons(page) == ["contacting", "declined", "withdrawn"]
    assert not page.by_class("step--usual")
    desk.presses("status", to="did_not_attend")
    assert desk.problem.startswith("This is not possible")
    assert desk.stored().status == Status.CONFIRMED


def test_from_its_beginning_on_a_visit_is_marked(practitioner: Practitioner, clock: Any) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins)
    desk = Desk(request, a_coordinator())
    page = desk.opens()
    assert buttons(page) == ["completed", "did_not_attend", "contacting", "withdrawn"]
    assert [step.text for step in page.by_class("step--usual")] == ["The consultation took place"]
    assert "Record attendance" in page.one("main").text
    assert not page.all("a", href=desk.address("time/?to=confirmed"))
    desk.presses("status", to="completed")
    assert Appointment.objects.get().state == Appointment.State.ATTENDED


def test_an_offer_without_an_answer_says_to_call(practitioner: Practitioner, clock: Any) -> None:
    begins = given(request := a_request(), practitioner, at(10)).starts_at
    page = Desk(request, a_coordinator()).opens()
    assert "The patient does not know the offered time: call" in page.one("main").text
    clock.move_to(begins)
    page = Desk(request, a_coordinator()).opens()
    assert "No answer to the offered time: call the patient" in page.one("main").text


@pytest.mark.parametrize(
    ("agreed", "to", "said"),
    [
        (None, Status.DECLINED, [NOT_INFORMED]),
        (None, Status.WITHDRAWN, []),
        (None, Status.CONTACTING, []),
        (True, Status.CONTACTING, [NOT_INFORMED]),
        (True, Status.DECLINED, [NOT_INFORMED]),
        (True, Status.WITHDRAWN, []),
        (False, Status.CONFIRMED, [BY_MOUTH]),  # they agreed to it on the phone
        (False, Status.CONTACTING, []),
    ],
)
def test_after_what_a_mail_would_tell_staff_hear_that_there_is_none(
    practitioner: Practitioner, agreed: bool | None, to: Status, said: list[str]
) -> None:
    for email in ("", "ayesha@example.com"):
        request = a_request(email=email)
        if agreed is not None:
            given(request, practitioner, at(10 if email else 11), agreed=agreed)
        desk = Desk(request, a_coordinator())
        desk.opens()
        assert warnings(desk.presses("status", to=to)) == ([] if email else said)
        assert desk.stored().status == to


def test_a_time_that_is_past_is_called_off_without_telling_anybody(
    practitioner: Practitioner, clock: Any
) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins + timedelta(hours=1))
    desk = Desk(request, a_coordinator())
    desk.opens()
    assert warnings(desk.presses("status", to="contacting")) == []


def test_a_withdrawal_after_the_visit_is_drawn_with_what_became_of_it(
    practitioner: Practitioner, clock: Any
) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins + timedelta(hours=1))
    actions.withdraw(request)
    assert buttons(Desk(request, a_coordinator()).opens()) == ["completed", "did_not_attend"]


def test_a_mark_after_a_withdrawal_is_taken_back_to_the_withdrawal(
    practitioner: Practitioner, clock: Any
) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins + timedelta(hours=1))
    actions.withdraw(request)
    desk = Desk(request, a_coordinator())
    desk.opens()
    for to in ("did_not_attend", "completed"):
        desk.presses("status", to=to)
        assert not desk.problem
        page = desk.opens()
    assert buttons(page) == ["withdrawn"]
    desk.presses("status", to="confirmed")
    assert desk.problem.startswith("This is not possible")
    desk.presses("status", to="withdrawn")
    assert desk.stored().status == Status.WITHDRAWN
    assert buttons(desk.opens()) == ["completed", "did_not_attend"]
    assert Appointment.objects.get().state == Appointment.State.AGREED
