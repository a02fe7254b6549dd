"""Messages about requests that could not be told: they lead to the request, and who saw them is recorded."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts import roles
from clinic_site.accounts.models import User
from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest, Disclosure
from tests.factories import a_request, staff
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db

LIST = "admin:mail_outgoingmessage_changelist"


@pytest.fixture
def coordinator(client: Client) -> User:
    person = staff(roles.COORDINATOR)
    client.force_login(person)
    return person


def undelivered_message(request: ConsultationRequest, **changes: Any) -> OutgoingMessage:
    message = a_message(about=request.reference, phone_for_staff=request.phone, **changes)
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now(), last_error="550 No")
    return message


def page(message: OutgoingMessage) -> str:
    return reverse("admin:mail_outgoingmessage_change", args=[message.pk])


def seen() -> list[tuple[str, int, int]]:
    return list(Disclosure.objects.order_by("pk").values_list("kind", "request_id", "actor_id"))


def test_a_message_leads_to_its_request_and_is_not_dialed_from_here(
    client: Client, coordinator: User
) -> None:
    request = a_request(may_identify_clinic="no")
    for address in (reverse(LIST), page(undelivered_message(request))):
        content = client.get(address).content.decode()
        assert f'href="{reverse("desk:request", args=[request.pk])}"' in content
        assert request.phone in content
        assert "Do not say who is calling" in content
        assert "tel:" not in content


def test_no_caution_where_clinic_may_be_identified(client: Client, coordinator: User) -> None:
    content = client.get(page(undelivered_message(a_request(may_identify_clinic="yes")))).content.decode()
    assert "Do not say who is calling" not in content


def test_list_is_recorded_once_per_request_and_day(client: Client, coordinator: User) -> None:
    request, other = a_request(), a_request()
    message = undelivered_message(request)
    undelivered_message(request)
    undelivered_message(other)
    a_message(about="account-5")
    OutgoingMessage.objects.filter(about=other.reference).update(kind="declined")

    client.get(reverse(LIST), {"kind": "declined"})
    assert seen() == [("listed", other.pk, coordinator.pk)]
    client.get(reverse(LIST))
    assert seen()[1:] == [("listed", request.pk, coordinator.pk)]
    client.get(page(message))
    assert len(seen()) == 2
    client.get(reverse(LIST), {"q": request.reference})
    assert seen()[2:] == [("found", request.pk, coordinator.pk)]


def test_nothing_is_recorded_where_nothing_is_shown(client: Client, coordinator: User) -> None:
    message = undelivered_message(a_request())
    client.get(reverse(LIST), {"q": "MS-9999"})
    for action in ("mark_resolved", "send_again"):
        client.post(reverse(LIST), {"action": action, "_selected_action": [message.pk]})
    client.force_login(staff(roles.EDITOR))
    client.get(reverse(LIST))
    client.get(page(message))
    assert seen() == []


def test_the_list_takes_as_many_queries_for_thirty_requests_as_for_one(
    client: Client, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    for _ in range(30):
        undelivered_message(a_request())
    with django_assert_max_num_queries(12):
        client.get(reverse(LIST))
