"""Undelivered messages lead to their requests, and who saw them is recorded."""

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


def undelivered_message(request: ConsultationRequest, **changes: Any) -> OutgoingMessage:
    message = a_message(about=request.reference, phone_for_staff=request.phone, **changes)
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now(), last_error="550 No")
    return message


def page(message: OutgoingMessage) -> str:
    return reverse("admin:mail_outgoingmessage_change", args=[message.pk])


def seen() -> list[tuple[str, int, int]]:
    return list(Disclosure.objects.order_by("pk").values_list("kind", "request_id", "actor_id"))


def test_message_leads_to_its_request(coordinator: Client) -> None:
    request = a_request(may_identify_clinic="no")
    for address in (reverse(LIST), page(undelivered_message(request))):
        content = coordinator.get(address).content.decode()
        assert f'href="{reverse("desk:request", args=[request.pk])}"' in content
        assert request.phone in content
        assert "Do not say who is calling" in content
        assert "tel:" not in content  # called from the page of the request, with its cautions
    open_request = a_request(may_identify_clinic="yes")
    content = coordinator.get(page(undelivered_message(open_request))).content.decode()
    assert "Do not say who is calling" not in content


def test_list_is_recorded_once_per_request_and_day(coordinator: Client, user: User) -> None:
    request, other = a_request(), a_request()
    message = undelivered_message(request)
    undelivered_message(request)
    undelivered_message(other)
    a_message(about="account-5")
    OutgoingMessage.objects.filter(about=other.reference).update(kind="declined")

    coordinator.get(reverse(LIST), {"kind": "declined"})
    assert seen() == [("listed", other.pk, user.pk)]
    coordinator.get(reverse(LIST))
    assert seen()[1:] == [("listed", request.pk, user.pk)]
    coordinator.get(page(message))
    assert len(seen()) == 2
    coordinator.get(reverse(LIST), {"q": request.reference})
    assert seen()[2:] == [("found", request.pk, user.pk)]


def test_nothing_is_recorded_where_nothing_is_shown(coordinator: Client) -> None:
    message = undelivered_message(a_request())
    coordinator.get(reverse(LIST), {"q": "MS-9999"})
    for action in ("mark_resolved", "send_again"):
        coordinator.post(reverse(LIST), {"action": action, "_selected_action": [message.pk]})
    coordinator.force_login(staff(roles.EDITOR))
    coordinator.get(reverse(LIST))
    coordinator.get(page(message))
    assert seen() == []
