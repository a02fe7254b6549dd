"""Ticked requests are given to a colleague at once, each with its event, over nobody's head."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR, EDITOR
from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest, Event
from tests.consultations.desk.queue.queue_pages import queue_page
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR)


@pytest.fixture
def colleague() -> User:
    return staff(COORDINATOR, email="sana@clinic.example", first_name="Sana", last_name="Malik")


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def assign(client: Client, *ticked: str, to: object, **more: str) -> Any:
    return client.post(reverse("desk:queue_assign"), {"request": ticked, "to": str(to), **more}, follow=True)


def assignees() -> list[User | None]:
    return [request.assignee for request in ConsultationRequest.objects.order_by("pk")]


def test_ticked_requests_are_given_to_a_colleague(coordinator: Client, user: User, colleague: User) -> None:
    requests = [a_request() for _ in range(3)]
    boxes = [box["value"] for box in queue_page(coordinator).all("input", name="request")]
    assert len(boxes) == 3
    response = assign(coordinator, *boxes[:2], to=colleague.pk)
    assert response.redirect_chain == [(reverse("desk:queue"), 303)]
    assert "2 requests are now assigned to Sana Malik." in read(response).source
    assert assignees() == [colleague, colleague, None]
    events = Event.objects.filter(kind=Event.Kind.ASSIGNED)
    assert {(event.request_id, event.actor, event.detail["to"]) for event in events} == {
        (request.pk, user, colleague.pk) for request in requests[:2]
    }


def test_requests_are_given_back_to_nobody(coordinator: Client, user: User, colleague: User) -> None:
    request = a_request()
    assign(coordinator, f"{request.pk}-0", to=colleague.pk)
    assert "1 request is now unassigned." in read(assign(coordinator, f"{request.pk}-1", to="nobody")).source
    assert assignees() == [None]


def test_what_somebody_else_was_given_meanwhile_stays_there(
    coordinator: Client, user: User, colleague: User
) -> None:
    taken, free = a_request(), a_request()
    staff_actions.assign(taken, colleague, actor=colleague, version=0)
    source = read(assign(coordinator, f"{taken.pk}-0", f"{free.pk}-0", to=user.pk)).source
    assert "1 request is now assigned to" in source
    assert "1 request was changed by someone else" in source
    assert assignees() == [colleague, user]


def test_twice_is_once(coordinator: Client, colleague: User) -> None:
    request = a_request()
    for _ in range(2):
        assign(coordinator, f"{request.pk}-0", f"{request.pk}-0", to=colleague.pk)
    assert Event.objects.filter(kind=Event.Kind.ASSIGNED).count() == 1


def test_one_comes_back_to_the_list_one_was_at(coordinator: Client, colleague: User) -> None:
    request = a_request(onset=2)
    page = queue_page(coordinator, tab="new", onset=2)
    response = assign(
        coordinator, f"{request.pk}-0", to=colleague.pk, back=page.one("input", name="back")["value"]
    )
    assert response.redirect_chain == [(reverse("desk:queue") + "?tab=new&onset=2", 303)]


@pytest.mark.parametrize(
    "back", ["//evil.example", "tab=new&next=//evil.example", "a" * 9000, "\x00\r\nX: 1", "page=-5&tab=😀"]
)
def test_the_way_back_leads_nowhere_else(coordinator: Client, back: str) -> None:
    response = assign(coordinator, to="nobody", back=back)
    assert response.redirect_chain[0][0] in (reverse("desk:queue"), reverse("desk:queue") + "?tab=new")


def test_nothing_ticked_or_nobody_chosen_changes_nothing_and_says_so(coordinator: Client, user: User) -> None:
    request = a_request()
    assert "Select requests first." in read(assign(coordinator, to=user.pk)).source
    assert "Choose a colleague from the list." in read(assign(coordinator, f"{request.pk}-0", to="")).source
    assert assignees() == [None]


@pytest.mark.parametrize("fields", [{"is_active": False}, {"is_staff": False}, {"role": EDITOR}])
def test_only_active_staff_who_work_on_requests_can_be_given_one(
    coordinator: Client, fields: dict[str, Any]
) -> None:
    other = staff(**{"role": COORDINATOR, "email": "other@clinic.example"} | fields)
    request = a_request()
    options = [option["value"] for option in queue_page(coordinator).one(id="assign-to").all("option")]
    assert str(other.pk) not in options
    assign(coordinator, f"{request.pk}-0", to=other.pk)
    assert assignees() == [None]


def test_erased_requests_are_left_out(coordinator: Client, user: User) -> None:
    request = a_request()
    gone: dict[str, Any] = dict.fromkeys(("patient_name", "requester_name", "phone", "whatsapp", "email"), "")
    ConsultationRequest.objects.filter(pk=request.pk).update(
        **gone, patient_age=None, erased_at=request.created_at
    )
    source = read(assign(coordinator, f"{request.pk}-0", to=user.pk)).source
    assert "No changes were needed" in source and "now assigned" not in source
    assert assignees() == [None]


def test_whoever_may_only_look_ticks_nothing_and_assigns_nothing(client: Client) -> None:
    request, user = a_request(), staff()
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    client.force_login(user)
    page = queue_page(client)
    assert not page.all("input", name="request")
    assert not page.all("select", name="to")
    sent = {"request": f"{request.pk}-0", "to": str(user.pk)}
    assert client.post(reverse("desk:queue_assign"), sent).status_code == 403
    assert client.get(reverse("desk:queue_assign")).status_code == 405


@pytest.mark.parametrize(
    "ticked", ["x", "-", "1-x", "9" * 30 + "-", "۳-", "-1", "\x00", "999999-", "1" * 9000]
)
def test_odd_ticks_fail_at_nothing(coordinator: Client, user: User, ticked: str) -> None:
    a_request()
    assert assign(coordinator, *[ticked] * 50, to=user.pk).status_code == 200
