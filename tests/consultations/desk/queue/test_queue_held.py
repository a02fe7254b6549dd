"""Held requests: a tab of their own, from which staff move them to the queue or set them aside as spam."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.desk.queue.queue_pages import numbers, queue_page, references, references_of
from tests.factories import a_request
from tests.pages import Element, read

pytestmark = pytest.mark.django_db

BACK = "tab=held&select=all"


def boxes(page: Element) -> list[str]:
    return [box["value"] for box in page.all("input", name="request")]


def checked(page: Element) -> list[str]:
    return [box["value"] for box in page.all("input", name="request") if "checked" in box.attributes]


def move(client: Client, selected: list[str], status: str) -> Any:
    sent = {"request": selected, "status": status, "back": BACK}
    return client.post(reverse("desk:queue_held"), sent, follow=True)


def statuses() -> list[str]:
    return list(ConsultationRequest.objects.order_by("pk").values_list("status", flat=True))


def test_held_requests_are_listed_apart_and_all_can_be_selected(coordinator: Client) -> None:
    new, *held = a_request(), a_request(status=Status.HELD), a_request(status=Status.HELD)
    assert references(queue_page(coordinator)) == [new.reference]
    page = queue_page(coordinator, tab="held")
    assert references(page) == references_of(*held)
    assert numbers(page)["Held"] == "2"
    assert len(held_boxes := boxes(page)) == 2 and not checked(page)
    [select_all] = [link["href"] for link in page.all("a") if link.text == "Select all on this page"]
    page = read(coordinator.get(reverse("desk:queue") + select_all))
    assert checked(page) == held_boxes


def test_selected_requests_are_moved_to_the_queue_or_set_aside(coordinator: Client, user: User) -> None:
    for _ in range(4):
        a_request(status=Status.HELD)
    first, *others = boxes(queue_page(coordinator, tab="held"))
    promised = ConsultationRequest.objects.order_by("pk").values_list("promised_by", flat=True)
    before = list(promised)
    response = move(coordinator, [first], "new")
    assert response.redirect_chain == [("/staff/requests/?tab=held", 303)]
    assert "1 request is now in the queue." in read(response).source
    response = move(coordinator, others[:2], "quarantined")
    assert "2 requests are now set aside as spam." in read(response).source
    assert statuses() == [Status.NEW, Status.QUARANTINED, Status.QUARANTINED, Status.HELD]
    assert list(promised) == before
    moved = Event.objects.filter(kind=Event.Kind.STATUS_CHANGED, actor=user, from_status=Status.HELD)
    assert moved.count() == 3


def test_unselected_or_changed_requests_are_not_moved(coordinator: Client, colleague: User) -> None:
    taken, new = a_request(status=Status.HELD), a_request()
    for selected, status, message in (
        ([], "new", "Select requests first"),
        ([f"{taken.pk}-0"], "declined", "Choose what to do"),
        ([f"{taken.pk}-0"], "", "Choose what to do"),
        ([f"{new.pk}-0"], "quarantined", "changed by someone else"),
    ):
        assert message in read(move(coordinator, selected, status)).source, (selected, status)
    staff_actions.assign(taken, colleague, actor=colleague, version=0)
    assert "changed by someone else" in read(move(coordinator, [f"{taken.pk}-0"], "new")).source
    assert statuses() == [Status.HELD, Status.NEW]
