"""Simultaneous actions on one request, in real threads on a real database: one succeeds."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.models import ConsultationRequest, Event, Note, Presence
from tests.concurrency import in_threads
from tests.consultations.desk.consultation.request_pages import Desk
from tests.factories import a_request, staff

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 6


def people() -> list[User]:
    return [staff(COORDINATOR, email=f"person-{number}@clinic.example") for number in range(THREADS)]


def pressed(users: list[User], press: Callable[[int], tuple[str, dict[str, str]]]) -> list[Any]:
    """Each user presses a button of the same new request; return the sorted status codes."""
    request = a_request()
    works = []
    for number, user in enumerate(users):
        desk, (action, sent) = Desk(request, user), press(number)
        works.append(partial(desk.client.post, desk.address(f"{action}/"), desk.carried | sent))
    return sorted(answer.status_code for answer in in_threads(*works))


def count(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_simultaneous_attempts() -> None:
    assert pressed([staff(COORDINATOR)] * THREADS, lambda _: ("contact", {"outcome": "no_answer"})) == (
        [303] * THREADS  # one press, repeated
    )
    assert (count("contacted"), count("status_changed"), count("assigned")) == (1, 1, 1)
    answers = pressed(people(), lambda number: ("contact", {"outcome": "spoke", "text": f"Note {number}"}))
    assert answers == [303] + [409] * (THREADS - 1)
    assert (count("contacted"), count("status_changed"), count("assigned")) == (2, 2, 2)
    note, contact = Note.objects.get(), Event.objects.filter(kind="contacted").latest("pk")
    assert note.author_id == contact.actor_id


def test_simultaneous_other_actions() -> None:
    users = people()
    assert pressed(users, lambda _: ("assignee", {"assignee": "me"})) == [303] + [409] * (THREADS - 1)
    assert ConsultationRequest.objects.get().assignee_id == Event.objects.get(kind="assigned").actor_id
    actions = [("status", {"to": "declined"}), ("contact", {"outcome": "spoke"})]
    assert pressed(users[:2], lambda number: actions[number]) == [303, 409]
    assert count("status_changed") == 1


def test_many_windows_of_one_person_are_one_presence() -> None:
    request, user = a_request(), staff(COORDINATOR)
    windows = [Desk(request, user) for _window in range(THREADS)]
    pages = in_threads(*(window.opens for window in windows))
    assert all(page.one("h1") for page in pages)
    assert Presence.objects.count() == 1
