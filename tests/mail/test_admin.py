"""The staff pages of the mail queue: sending again, informing another way, and what is shown to whom."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts import roles
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.models import MessageStep, OutgoingMessage
from tests.factories import signed_in, staff
from tests.mail.mail_helpers import a_message, stored
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State
LIST = "/staff/mail/outgoingmessage/"


def a_failed_message(**changes: Any) -> OutgoingMessage:
    message = a_message(**changes)
    OutgoingMessage.objects.filter(pk=message.pk).update(failed_at=timezone.now(), last_error="550 No")
    return stored(message)


def page(message: OutgoingMessage) -> str:
    return reverse("admin:mail_outgoingmessage_change", args=[message.pk])


def text_of(client: Client, address: str, query: dict[str, str] | None = None) -> str:
    return client.get(address, query).content.decode()


def press(client: Client, action: str, *messages: OutgoingMessage) -> str:
    """Press a button of a message, or choose an action for several; return the page that follows."""
    sent = {"action": action, "_selected_action": [message.pk for message in messages]}
    return client.post(LIST, sent, follow=True).content.decode()


@pytest.fixture
def coordinator(db: None) -> Client:
    return signed_in(roles.COORDINATOR)


def test_list_shows_undelivered_messages_first_with_the_phone(coordinator: Client) -> None:
    a_failed_message(about="MS-FAILED")
    for _ in range(3):
        a_message(about="MS-WAITS")
    content = text_of(coordinator, LIST)
    assert content.index("MS-FAILED") < content.index("MS-WAITS")
    assert 'href="tel:+923012345678"' in content, "about nothing that an app knows"
    assert "550 No" in content
    content = text_of(coordinator, LIST, {"state": "failed"})
    assert "MS-FAILED" in content and "MS-WAITS" not in content
    # Searched by reference, never by a person's details, which would be part of the address.
    assert "MS-FAILED" in text_of(coordinator, LIST, {"q": "ms-fail"})
    assert "MS-FAILED" not in text_of(coordinator, LIST, {"q": "ayesha"})
    assert coordinator.get(LIST, {"to__startswith": "ayesha"}).status_code == 400


def test_pages_hide_the_text_and_change_nothing(coordinator: Client) -> None:
    message = a_failed_message(text="private link", html="private link")
    for address in (LIST, page(message)):
        assert "private link" not in text_of(coordinator, address)
    assert stored(message).state == State.FAILED


def test_buttons_resend_and_resolve_once(coordinator: Client) -> None:
    for action, becomes, said in (
        ("send_again", State.WAITING, "Being sent again"),
        ("mark_resolved", State.RESOLVED, "Saved as informed another way"),
    ):
        message = a_failed_message()
        assert f'value="{action}"' in text_of(coordinator, page(message))
        assert f"{said}: {message}" in press(coordinator, action, message)
        assert stored(message).state == becomes
        taken = MessageStep.objects.get(message_id=message.message_id)
        assert (taken.about, taken.actor.email) == (message.about, "coordinator@clinic.example")
        assert f"{taken.get_kind_display()}: coordinator" in text_of(coordinator, page(message))
        assert "someone else has just handled this message." in press(coordinator, action, message)
        assert f'value="{action}"' not in text_of(coordinator, page(message))


def test_resent_message_is_attempted_for_another_day(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.replies = {"RCPT": "550 No"}
    message = a_message()
    worker.send_due()
    server.replies = {}
    clock.shift(timedelta(days=3))
    assert mail_queue.resend(message, actor=staff())
    assert stored(message).give_up_at == datetime.now(UTC) + timedelta(days=1)
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}


def test_resolved_message_loses_its_text_and_its_step_outlives_it() -> None:
    message = a_message("not an address")
    mail_queue.mark_resolved(message, actor=staff())
    assert stored(message).text == ""
    assert not OutgoingMessage.objects.undelivered().exists()
    OutgoingMessage.objects.all().delete()
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageStep.objects.all().delete()


def test_resend_is_refused_where_it_could_only_fail_again(coordinator: Client, settings: Any) -> None:
    superseded, failed = a_failed_message(), a_failed_message(about="A")
    mail_queue.supersede(superseded.about, [superseded.kind])
    odd, came_back = a_message("al\u0131@gmail.com"), a_failed_message(about="B", text="")
    content = press(coordinator, "send_again", odd, superseded, failed, came_back)
    assert "This mail came back from that address." in content
    assert 'value="send_again"' not in text_of(coordinator, page(came_back))
    assert "This email address is not valid." in content
    assert "A later message has replaced this one. It will not be sent." in content
    assert "Being sent again: acknowledgement A" in content
    assert 'value="send_again"' not in text_of(coordinator, page(superseded))
    assert "Replaced by a later message" in text_of(coordinator, page(superseded))
    settings.MAIL_DELIVERY = "off"
    off = a_message()
    assert "EMAIL_URL=off" in press(coordinator, "send_again", off)
    states = [stored(message).state for message in (odd, superseded, failed, off, came_back)]
    assert states == [State.FAILED, State.SUPERSEDED, State.WAITING, State.FAILED, State.FAILED]
    assert MessageStep.objects.count() == 1


def test_reader_without_resend_permission_changes_nothing(client: Client) -> None:
    message, reader = a_failed_message(), staff()
    client.force_login(reader)
    assert client.get(LIST).status_code == client.get(page(message)).status_code == 403
    reader.user_permissions.add(Permission.objects.get(codename="view_outgoingmessage"))
    assert "Send again" not in text_of(client, page(message))
    press(client, "send_again", message)
    press(client, "mark_resolved", message)
    assert stored(message).state == State.FAILED


def test_list_takes_as_many_queries_for_forty_as_for_two(
    coordinator: Client, django_assert_max_num_queries: Any
) -> None:
    for _ in range(40):
        a_failed_message()
    with django_assert_max_num_queries(9):
        coordinator.get(LIST)
