"""Two at once on one request: real threads, a real database. One press counts, the other is told."""

from collections.abc import Callable
from typing import Any

import pytest

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.models import ConsultationRequest, Event, Note, Presence
from tests.consultations.desk.consultation.request_pages import Desk
from tests.consultations.intake.test_submission_concurrency import THREADS, all_at_once
from tests.factories import a_request, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def people() -> list[User]:
    return [staff(COORDINATOR, email=f"person-{number}@clinic.example") for number in range(THREADS)]


def desks(request: ConsultationRequest, users: list[User]) -> list[Desk]:
    """Each with the page open before anybody presses."""
    found = [Desk(request, user) for user in users]
    for desk in found:
        desk.opens()
    return found


def statuses(desks: list[Desk], action: str, sent: Callable[[int], dict[str, str]]) -> list[Any]:
    def press(number: int) -> int:
        desk = desks[number]
        answer = desk.client.post(desk.address(f"{action}/"), desk.carried | sent(number))
        return int(answer.status_code)

    return sorted(all_at_once(press))


def of_kind(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_one_press_of_one_person_that_arrives_many_times_is_one_try() -> None:
    request, user = a_request(), staff(COORDINATOR)
    answers = statuses(desks(request, [user] * THREADS), "contact", lambda number: {"outcome": "no_answer"})
    assert answers == [303] * THREADS
    assert (of_kind("contacted"), of_kind("status_changed"), of_kind("assigned")) == (1, 1, 1)


def test_of_many_who_record_a_try_at_once_one_does_and_the_others_are_told() -> None:
    request = a_request()
    answers = statuses(
        desks(request, people()), "contact", lambda number: {"outcome": "spoke", "text": f"Note {number}"}
    )
    assert answers == [303] + [409] * (THREADS - 1)
    assert (of_kind("contacted"), of_kind("status_changed"), of_kind("assigned")) == (1, 1, 1)
    note, contact = Note.objects.get(), Event.objects.get(kind="contacted")
    assert note.author_id == contact.actor_id


def test_of_many_who_take_it_at_once_one_has_it() -> None:
    request = a_request()
    answers = statuses(desks(request, people()), "assignee", lambda number: {"assignee": "me"})
    assert answers == [303] + [409] * (THREADS - 1)
    assigned = Event.objects.get(kind="assigned")
    assert ConsultationRequest.objects.get().assignee_id == assigned.actor_id


def test_of_a_status_and_a_try_at_once_one_counts() -> None:
    request = a_request()
    open_pages = desks(request, people()[:2])

    def press(number: int) -> int:
        if number > 1:
            return 0
        desk = open_pages[number]
        action, sent = [("status", {"to": "declined"}), ("contact", {"outcome": "spoke"})][number]
        return int(desk.client.post(desk.address(f"{action}/"), desk.carried | sent).status_code)

    assert sorted(all_at_once(press))[-2:] == [303, 409]
    assert of_kind("status_changed") == 1


def test_many_windows_opened_at_once_are_one_person() -> None:
    request, user = a_request(), staff(COORDINATOR)
    windows = [Desk(request, user) for _window in range(THREADS)]
    answers = all_at_once(lambda number: windows[number].opens() and windows[number].response.status_code)
    assert answers == [200] * THREADS
    assert Presence.objects.count() == 1
