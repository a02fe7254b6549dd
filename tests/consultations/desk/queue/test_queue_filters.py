"""A tab is narrowed down by what stands in the address, so that it can be kept and shared."""

from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from consultations.models import ConsultationRequest
from tests.admin_forms import sent_by
from tests.consultations.desk.queue.queue_pages import queue_page, references, with_class
from tests.factories import a_procedure, a_request, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR)


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def assigned(user: User) -> ConsultationRequest:
    request = a_request()
    ConsultationRequest.objects.filter(pk=request.pk).update(assignee=user)
    return request


def test_by_who_has_it(coordinator: Client, user: User) -> None:
    mine, nobodys = assigned(user), a_request()
    other = staff(COORDINATOR, email="other@clinic.example")
    others = assigned(other)
    for who, wanted in (("me", mine), ("nobody", nobodys), (str(other.pk), others)):
        assert references(queue_page(coordinator, assignee=who)) == [wanted.reference]


def test_by_what_it_is_about(coordinator: Client) -> None:
    procedure = a_procedure()
    wanted = a_request(about="procedure", procedure=procedure, procedure_name=procedure.title)
    a_request()
    assert references(queue_page(coordinator, procedure=procedure.pk)) == [wanted.reference]


@pytest.mark.parametrize(("name", "field", "value"), [("onset", "onset", 2), ("language", "speaks", "pa")])
def test_by_an_answer(coordinator: Client, name: str, field: str, value: Any) -> None:
    wanted = a_request(**{field: value})
    a_request()
    assert references(queue_page(coordinator, **{name: value})) == [wanted.reference]


def test_by_the_days_it_was_sent_as_the_clinics_calendar_has_them(coordinator: Client) -> None:
    # Midnight in Lahore is seven in the evening, in UTC.
    evening = a_request(created_at=datetime(2026, 3, 4, 18, 59, tzinfo=UTC))
    night = a_request(created_at=datetime(2026, 3, 4, 19, tzinfo=UTC))
    assert references(queue_page(coordinator, sent_to="2026-03-04")) == [evening.reference]
    assert references(queue_page(coordinator, sent_from="2026-03-05")) == [night.reference]


def test_the_form_shows_what_the_address_says(coordinator: Client) -> None:
    chosen = {"tab": "new", "assignee": "me", "onset": "2", "language": "en", "sent_from": "2026-03-04"}
    page = queue_page(coordinator, **chosen)
    filters = with_class(page, "queue__filters")[0]
    assert "open" in filters.attributes
    assert sent_by(filters) == chosen | {"procedure": "", "sent_to": ""}


def test_what_cannot_be_narrows_nothing_and_is_said(coordinator: Client) -> None:
    request = a_request()
    page = queue_page(coordinator, onset="soon", sent_from="2026-02-30")
    assert references(page) == [request.reference]
    assert len(with_class(page, "errorlist")) == 2


def test_days_that_end_before_they_begin_are_said(coordinator: Client) -> None:
    request = a_request(created_at=datetime(2026, 3, 6, 9, tzinfo=UTC))
    page = queue_page(coordinator, sent_from="2026-03-05", sent_to="2026-03-04")
    assert [error.text for error in with_class(page, "errorlist")] == [
        "Choose the same day as “Sent from”, or a later one."
    ]
    assert references(page) == [request.reference]
    assert not with_class(queue_page(coordinator, sent_from="2026-03-06", sent_to="2026-03-06"), "errorlist")


def test_a_list_of_nothing_says_why(coordinator: Client) -> None:
    assert "No requests here." in queue_page(coordinator).main.text
    assert "No requests match these filters." in queue_page(coordinator, onset=1).main.text
