"""Assigning selected requests: each with its event, none that a colleague has just changed."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR, EDITOR
from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest, Event
from tests.consultations.desk.consultation.request_pages import a_viewer
from tests.consultations.desk.queue.queue_pages import as_erased, queue_page
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

QUEUE = "/staff/requests/"


def assign(client: Client, *selected: str, to: object, **more: str) -> Any:
    sent = {"request": selected, "to": str(to), **more}
    return client.post(reverse("desk:queue_assign"), sent, follow=True)


def assignees() -> list[User | None]:
    return [request.assignee for request in ConsultationRequest.objects.order_by("pk")]


def test_selected_requests_are_assigned_and_unassigned(
    coordinator: Client, user: User, colleague: User
) -> None:
    requests = [a_request() for _ in range(3)]
    boxes = [box["value"] for box in queue_page(coordinator).all("input", name="request")]
    assert len(boxes) == 3
    response = assign(coordinator, *boxes[:2], *boxes[:2], to=colleague.pk)
    assert response.redirect_chain == [(QUEUE, 303)]
    assert "2 requests are now assigned to Sana Malik." in read(response).source
    assert "No changes were needed." in read(assign(coordinator, *boxes[:2], to=colleague.pk)).source
    assert assignees() == [colleague, colleague, None]
    events = Event.objects.filter(kind=Event.Kind.ASSIGNED)
    assert [(event.request_id, event.actor, event.detail["to"]) for event in events.order_by("pk")] == [
        (request.pk, user, colleague.pk) for request in requests[:2]
    ]
    unassigned = assign(coordinator, f"{requests[0].pk}-1", to="nobody")
    assert "1 request is now unassigned." in read(unassigned).source
    assert assignees() == [None, colleague, None]


def test_requests_changed_meanwhile_are_skipped(coordinator: Client, user: User, colleague: User) -> None:
    taken, free = a_request(), a_request()
    staff_actions.assign(taken, colleague, actor=colleague, version=0)
    source = read(assign(coordinator, f"{taken.pk}-0", f"{free.pk}-0", to=user.pk)).source
    assert "1 request is now assigned to" in source
    assert "1 request was changed by someone else" in source
    assert assignees() == [colleague, user]


def test_assigning_returns_to_the_list_and_nowhere_else(coordinator: Client, colleague: User) -> None:
    request = a_request(onset=2)
    page = queue_page(coordinator, tab="new", onset=2)
    back = page.one("input", name="back")["value"]
    response = assign(coordinator, f"{request.pk}-0", to=colleague.pk, back=back)
    assert response.redirect_chain == [(f"{QUEUE}?tab=new&onset=2", 303)]
    for back in (
        "//evil.example",
        "next=//evil.example",
        "a" * 9000,
        "\x00\r\nX: 1",
        "page=-5&tab=😀",
    ):
        response = assign(coordinator, to="nobody", back=back)
        address, code = response.redirect_chain[0]
        assert (address.partition("?")[0], code, response.status_code) == (QUEUE, 303, 200), back


def test_nothing_selected_or_nobody_chosen_changes_nothing(coordinator: Client, user: User) -> None:
    request = a_request()
    assert "Select requests first." in read(assign(coordinator, to=user.pk)).source
    assert "Choose a colleague from the list." in read(assign(coordinator, f"{request.pk}-0", to="")).source
    for odd in ("x", "-", "1-x", "9" * 30 + "-", "۳-", "-1", "\x00", "999999-0", "1" * 9000):
        assert assign(coordinator, *[odd] * 50, to=user.pk).status_code == 200, odd
    assert assignees() == [None]


def test_only_assignable_staff_can_be_chosen(coordinator: Client) -> None:
    request = a_request()
    for number, fields in enumerate(({"is_active": False}, {"is_staff": False}, {"role": EDITOR})):
        other = staff(**{"role": COORDINATOR, "email": f"other{number}@clinic.example"} | fields)
        options = [option["value"] for option in queue_page(coordinator).one(id="assign-to").all("option")]
        assert str(other.pk) not in options, fields
        assign(coordinator, f"{request.pk}-0", to=other.pk)
        assert assignees() == [None], fields


def test_erased_requests_are_left_out(coordinator: Client, user: User) -> None:
    request = as_erased(a_request())
    source = read(assign(coordinator, f"{request.pk}-0", to=user.pk)).source
    assert "No changes were needed" in source and "now assigned" not in source
    assert assignees() == [None]


def test_assigning_requires_permission_to_work(client: Client) -> None:
    request, viewer = a_request(), a_viewer()
    client.force_login(viewer)
    page = queue_page(client)
    assert not page.all("input", name="request")
    assert not page.all("select", name="to")
    sent = {"request": f"{request.pk}-0", "to": str(viewer.pk)}
    for send in (client.post, client.get):
        assert send(reverse("desk:queue_assign"), sent).status_code == 403
