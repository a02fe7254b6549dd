"""What staff do about a message that failed, and what a later message replaces."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from clinic_site.accounts import roles
from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.models import MessageStep, OutgoingMessage
from tests.factories import staff
from tests.mail.mail_helpers import a_message, stored
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

State = OutgoingMessage.State


def steps() -> list[tuple[str, str, str, int]]:
    """Who of the staff did what with which message."""
    return list(MessageStep.objects.values_list("kind", "message_id", "about", "actor_id"))


# Staff


def test_a_failed_message_can_be_sent_again_for_another_day(
    server: MailServer, clock: time_machine.Traveller
) -> None:
    server.replies = {"RCPT": "550 No"}
    message = a_message()
    worker.send_due()
    server.replies = {}
    clock.shift(timedelta(days=3))
    actor = staff(roles.COORDINATOR)
    assert mail_queue.resend(message, actor=actor)
    assert not mail_queue.resend(message, actor=actor), "once"
    assert steps() == [(MessageStep.Kind.RESENT, message.message_id, message.about, actor.pk)]
    assert stored(message).give_up_at == datetime.now(UTC) + timedelta(days=1)
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}


def test_what_was_told_another_way_leaves_the_list_and_its_text_goes(server: MailServer) -> None:
    server.replies = {"RCPT": "550 No"}
    message = a_message()
    worker.send_due()
    actor = staff(roles.COORDINATOR)
    assert mail_queue.settle(message, actor=actor)
    assert not mail_queue.settle(message, actor=actor)
    assert not mail_queue.resend(message, actor=actor)
    assert steps() == [(MessageStep.Kind.SETTLED, message.message_id, message.about, actor.pk)]
    assert stored(message).state == State.SETTLED
    assert stored(message).text == ""
    assert not OutgoingMessage.objects.could_not_be_told().exists()


def test_what_can_only_fail_again_is_not_sent_again(settings: Any) -> None:
    odd = a_message("al\u0131@gmail.com")
    with pytest.raises(mail_queue.NotSentAgainError, match="not a possible email address"):
        mail_queue.resend(odd, actor=staff(roles.COORDINATOR))
    settings.MAIL_DELIVERY = "off"
    unsent = a_message()
    with pytest.raises(mail_queue.NotSentAgainError, match="EMAIL_URL=off"):
        mail_queue.resend(unsent, actor=staff(roles.MANAGER))
    assert stored(odd).state == stored(unsent).state == State.FAILED
    assert steps() == []


def test_who_did_what_stays_when_the_message_is_gone() -> None:
    message = a_message("not an address")
    mail_queue.settle(message, actor=staff(roles.COORDINATOR))
    OutgoingMessage.objects.all().delete()
    assert len(steps()) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageStep.objects.all().delete()


# Replaced by a later one


def replace() -> int:
    return mail_queue.supersede("MS-7K4Q-92XD", ["acknowledgement"])


def test_what_a_later_message_replaced_is_neither_sent_nor_listed_nor_sent_again(server: MailServer) -> None:
    server.replies = {"RCPT": "550 No"}
    failed = a_message()
    worker.send_due()
    server.replies = {}
    waiting, others = a_message(), [a_message(about="MS-OTHER"), a_message(kind="new_request")]
    assert replace() == 2
    assert worker.send_due().sent == len(others)
    assert set(server.copies) == {message.message_id for message in others}
    assert not OutgoingMessage.objects.could_not_be_told().exists()
    actor = staff()
    for message in (failed, waiting):
        assert (stored(message).state, stored(message).text) == (State.SUPERSEDED, "")
        with pytest.raises(mail_queue.NotSentAgainError, match="A later message has taken its place"):
            mail_queue.resend(message, actor=actor)
    assert stored(failed).reason == "550 No"


def test_what_was_sent_or_told_already_is_not_replaced(server: MailServer) -> None:
    sent = a_message()
    worker.send_due()
    settled = a_message("not an address")
    mail_queue.settle(settled, actor=staff())
    assert replace() == 0
    assert [stored(message).state for message in (sent, settled)] == [State.SENT, State.SETTLED]


def test_what_is_replaced_before_it_is_handed_over_does_not_go(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    hand_over = worker._hand_over

    def replaced_first(leased: OutgoingMessage) -> None:
        replace()
        hand_over(leased)

    monkeypatch.setattr(worker, "_hand_over", replaced_first)
    assert worker.send_due().sent == 0
    assert not server.received
    assert stored(message).state == State.SUPERSEDED


def test_what_is_replaced_while_it_is_handed_over_counts_as_sent(
    server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = a_message()
    hand_over = worker._hand_over

    def replaced_afterwards(leased: OutgoingMessage) -> None:
        hand_over(leased)
        replace()

    monkeypatch.setattr(worker, "_hand_over", replaced_afterwards)
    assert worker.send_due().sent == 1
    assert server.copies == {message.message_id: 1}
    assert stored(message).state == State.SENT
    assert not OutgoingMessage.objects.could_not_be_told().exists()
