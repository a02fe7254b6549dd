"""The next steps on the page of a request, before and after an appointment, and whom staff must inform."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from consultations import workflow
from consultations.models import Appointment
from consultations.portal import actions
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.consultations.desk.consultation.request_pages import NOT_POSSIBLE, Desk
from tests.consultations.desk.schedule.calendar_helpers import at, given
from tests.factories import a_coordinator, a_request, a_reviewer
from tests.pages import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NOT_INFORMED = "No email: nobody has been told yet. Call, or write on WhatsApp."
BY_PHONE_ONLY = "No email: the time was only agreed by phone. Confirm it on WhatsApp."


@pytest.fixture
def practitioner(db: None) -> Practitioner:
    return a_reviewer()


def buttons(page: Page) -> list[str]:
    return [button["value"] for button in page.all("button", name="to")]


def warnings(page: Page) -> list[str]:
    return [line.text for line in page.all("li") if line.attributes.get("class") == "warning"]


def test_steps_are_those_of_the_workflow() -> None:
    for status in Status:
        request = a_request(status=status)
        desk = Desk(request, a_coordinator())
        page = desk.opens()
        shown = {button["value"]: button.text for button in page.all("button", name="to")}
        steps = workflow.STEPS[status]
        assert shown == {
            step.to.value: step.button
            for step in steps
            if step.is_possible(False) and not workflow.needs_time(status, step.to)
        }, status
        address = reverse("desk:offer_time", args=[request.pk])
        links = {link["href"] for link in page.all("a") if "step" in link.get("class").split()}
        needs_time = [step.to for step in steps if workflow.needs_time(status, step.to)]
        assert links == {f"{address}?to={to}" for to in needs_time}, status
        if status == Status.DID_NOT_ATTEND:  # an appointment after an earlier one
            assert all(desk.client.get(link).status_code == 200 for link in links)


def test_attendance_is_recorded_once_the_appointment_begins(practitioner: Practitioner, clock: Any) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins - timedelta(minutes=1))
    desk = Desk(request, a_coordinator())
    page = desk.opens()
    assert buttons(page) == ["contacting", "declined", "withdrawn"]
    assert not page.by_class("desk")[0].by_class("step--usual")
    assert page.all("a", href=desk.address("time/?to=confirmed"))
    desk.presses("status", to="did_not_attend")
    assert desk.problem == NOT_POSSIBLE
    assert desk.stored().status == Status.CONFIRMED
    clock.move_to(begins)
    page = desk.opens()
    assert buttons(page) == ["completed", "did_not_attend", "contacting", "withdrawn"]
    assert [step.text for step in page.by_class("step--usual")] == ["The consultation took place"]
    assert "Record attendance" in page.one("main").text
    assert not page.all("a", href=desk.address("time/?to=confirmed"))
    desk.presses("status", to="completed")
    assert Appointment.objects.get().state == Appointment.State.ATTENDED


def test_unanswered_offer_says_to_call(practitioner: Practitioner, clock: Any) -> None:
    begins = given(request := a_request(), practitioner, at(10)).starts_at
    page = Desk(request, a_coordinator()).opens()
    assert "Not told about the offered time yet: call" in page.one("main").text
    clock.move_to(begins)
    page = Desk(request, a_coordinator()).opens()
    assert "No answer to the offered time: call" in page.one("main").text


def test_staff_are_warned_when_no_mail_informs_the_patient(practitioner: Practitioner, clock: Any) -> None:
    cases: list[tuple[bool | None, Status, list[str]]] = [
        (None, Status.DECLINED, [NOT_INFORMED]),
        (None, Status.WITHDRAWN, []),
        (None, Status.CONTACTING, []),
        (True, Status.CONTACTING, [NOT_INFORMED]),
        (True, Status.DECLINED, [NOT_INFORMED]),
        (True, Status.WITHDRAWN, []),
        (False, Status.CONFIRMED, [BY_PHONE_ONLY]),  # agreed to on the phone
        (False, Status.CONTACTING, []),
    ]
    for number, (agreed, to, wanted) in enumerate(cases):
        for email in ("", "ayesha@example.com") if wanted else ("",):
            request = a_request(email=email)
            if agreed is not None:
                given(request, practitioner, at(9 + number, 30 if email else 0), agreed=agreed)
            desk = Desk(request, a_coordinator())
            assert warnings(desk.presses("status", to=to)) == ([] if email else wanted), (agreed, to)
            assert desk.stored().status == to
    # Nobody needs to be told that a past appointment is canceled.
    begins = given(request := a_request(), practitioner, at(18), agreed=True).starts_at
    clock.move_to(begins + timedelta(hours=1))
    assert warnings(Desk(request, a_coordinator()).presses("status", to="contacting")) == []


def test_attendance_recorded_after_a_withdrawal_is_undone_to_it(
    practitioner: Practitioner, clock: Any
) -> None:
    begins = given(request := a_request(), practitioner, at(10), agreed=True).starts_at
    clock.move_to(begins + timedelta(hours=1))
    actions.withdraw(request)
    desk = Desk(request, a_coordinator())
    for to in ("did_not_attend", "completed"):
        desk.presses("status", to=to)
        assert not desk.problem
        desk.looks()
    assert buttons(desk.page) == ["withdrawn"]
    desk.presses("status", to="confirmed")
    assert desk.problem == NOT_POSSIBLE
    page = desk.presses("status", to="withdrawn")
    assert desk.stored().status == Status.WITHDRAWN
    assert buttons(page) == ["completed", "did_not_attend"]
    assert Appointment.objects.get().state == Appointment.State.AGREED
