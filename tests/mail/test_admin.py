"""The staff pages of the mail queue."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts import roles
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import MessageStep, OutgoingMessage
from tests.factories import staff
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State
LIST = "admin:mail_outgoingmessage_changelist"


def a_failed_message(**changes: Any) -> OutgoingMessage:
    message = a_message(**changes)
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now(), last_error="550 No")
    message.refresh_from_db()
    return message


def page(message: OutgoingMessage) -> str:
    return reverse("admin:mail_outgoingmessage_change", args=[message.pk])


def step(message: OutgoingMessage) -> str:
    return reverse("admin:mail_outgoingmessage_step", args=[message.pk])


@pytest.fixture
def coordinator(client: Client) -> Client:
    client.force_login(staff(roles.COORDINATOR))
    return client


def state(message: OutgoingMessage) -> State:
    return OutgoingMessage.objects.get(pk=message.pk).state


def test_list_shows_undelivered_messages_first_with_the_phone(coordinator: Client) -> None:
    a_failed_message(about="MS-FAILED")
    for _ in range(3):
        a_message(about="MS-WAITS")
    content = coordinator.get(reverse(LIST)).content.decode()
    assert content.index("MS-FAILED") < content.index("MS-WAITS")
    assert 'href="tel:+923012345678"' in content, "about nothing that an app knows"
    assert "550 No" in content


def test_list_filters_by_state(coordinator: Client) -> None:
    a_failed_message(about="MS-FAILED")
    a_message(about="MS-WAITS")
    content = coordinator.get(reverse(LIST), {"state": "failed"}).content.decode()
    assert "MS-FAILED" in content
    assert "MS-WAITS" not in content


def test_pages_hide_the_text(coordinator: Client) -> None:
    message = a_failed_message(text="private link", html="private link")
    for address in (reverse(LIST), page(message)):
        assert "private link" not in coordinator.get(address).content.decode()


def test_get_changes_nothing(coordinator: Client) -> None:
    message = a_failed_message()
    assert coordinator.get(page(message)).status_code == 200
    assert coordinator.get(step(message)).status_code == 405
    assert state(message) == State.FAILED


@pytest.mark.parametrize(("name", "becomes"), [("resend", State.WAITING), ("resolve", State.RESOLVED)])
def test_buttons_resend_and_resolve_once(coordinator: Client, name: str, becomes: State) -> None:
    message = a_failed_message()
    assert f'value="{name}"' in coordinator.get(page(message)).content.decode()
    response = coordinator.post(step(message), {"step": name})
    assert (response.status_code, response["Location"]) == (303, page(message))
    assert state(message) == becomes
    [taken] = MessageStep.objects.all()
    assert (taken.message_id, taken.actor.email) == (message.message_id, "coordinator@clinic.example")
    assert f"{taken.get_kind_display()}: coordinator" in coordinator.get(page(message)).content.decode()
    again = coordinator.post(step(message), {"step": name}, follow=True)
    assert "Someone else has just handled this message." in again.content.decode()


def test_superseded_message_is_not_resent(coordinator: Client) -> None:
    message = a_failed_message()
    mail_queue.supersede(message.about, [message.kind])
    assert "Send again" not in coordinator.get(page(message)).content.decode()
    response = coordinator.post(step(message), {"step": "resend"}, follow=True)
    assert "A later message has replaced this one. It will not be sent." in response.content.decode()
    assert "Replaced by a later message" in response.content.decode()
    assert state(message) == State.SUPERSEDED


def test_message_to_impossible_address_is_not_resent(coordinator: Client) -> None:
    odd, other = a_message("al\u0131@gmail.com"), a_failed_message()
    response = coordinator.post(step(odd), {"step": "resend"}, follow=True)
    assert "This is not a possible email address." in response.content.decode()
    response = coordinator.post(
        reverse(LIST), {"action": "send_again", "_selected_action": [odd.pk, other.pk]}, follow=True
    )
    assert "This is not a possible email address." in response.content.decode()
    assert "1 message is being sent again." in response.content.decode()
    assert [state(odd), state(other)] == [State.FAILED, State.WAITING]


def test_search_finds_references_only(coordinator: Client) -> None:
    a_failed_message(about="MS-FAILED")
    assert "MS-FAILED" in coordinator.get(reverse(LIST), {"q": "ms-fail"}).content.decode()
    assert "MS-FAILED" not in coordinator.get(reverse(LIST), {"q": "ayesha"}).content.decode()
    assert coordinator.get(reverse(LIST), {"to__startswith": "ayesha"}).status_code == 400


def test_action_resends_several(coordinator: Client) -> None:
    failed = [a_failed_message(), a_failed_message()]
    waiting = a_message()
    chosen = [message.pk for message in (*failed, waiting)]
    response = coordinator.post(
        reverse(LIST), {"action": "send_again", "_selected_action": chosen}, follow=True
    )
    assert "2 messages are being sent again." in response.content.decode()
    assert {state(message) for message in failed} == {State.WAITING}


@pytest.mark.parametrize("role", [roles.EDITOR, roles.CLINICAL_REVIEWER, ""])
def test_other_roles_are_refused(client: Client, role: str) -> None:
    client.force_login(staff(role))
    message = a_failed_message()
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(page(message)).status_code == 403
    assert client.post(step(message), {"step": "resend"}).status_code == 403
    assert state(message) == State.FAILED


def test_reader_without_resend_permission_sees_no_button(client: Client) -> None:
    reader = staff("")
    reader.user_permissions.add(Permission.objects.get(codename="view_outgoingmessage"))
    client.force_login(reader)
    message = a_failed_message()
    assert "Send again" not in client.get(page(message)).content.decode()
    assert client.post(step(message), {"step": "resend"}).status_code == 403


def test_the_list_takes_as_many_queries_for_forty_as_for_two(
    coordinator: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        a_failed_message()
    with django_assert_max_num_queries(9):
        coordinator.get(reverse(LIST))
