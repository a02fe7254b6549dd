"""Resending and resolving undelivered messages, and superseding messages."""

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
    return list(MessageStep.objects.values_list("kind", "message_id", "about", "actor_id"))


def test_resend_attempts_a_failed_message_for_another_day(
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


def test_mark_resolved_deletes_the_text_and_takes_the_message_off_the_list() -> None:
    message = a_message("not an address")
    actor = staff(roles.COORDINATOR)
    assert mail_queue.mark_resolved(message, actor=actor)
    assert not mail_queue.mark_resolved(message, actor=actor)
    assert steps() == [(MessageStep.Kind.RESOLVED, message.message_id, message.about, actor.pk)]
    assert (stored(message).state, stored(message).text) == (State.RESOLVED, "")
    assert not OutgoingMessage.objects.undelivered().exists()
    OutgoingMessage.objects.all().delete()
    assert len(steps()) == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        MessageStep.objects.all().delete()


def test_resend_is_refused_where_it_could_only_fail_again(settings: Any) -> None:
    odd = a_message("al\u0131@gmail.com")
    with pytest.raises(mail_queue.ResendRefusedError, match="not a possible email address"):
        mail_queue.resend(odd, actor=staff(roles.COORDINATOR))
    settings.MAIL_DELIVERY = "off"
    unsent = a_message()
    with pytest.raises(mail_queue.ResendRefusedError, match="EMAIL_URL=off"):
        mail_queue.resend(unsent, actor=staff(roles.MANAGER))
    assert stored(odd).state == stored(unsent).state == State.FAILED
    assert steps() == []


def supersede() -> int:
    return mail_queue.supersede("MS-7K4Q-92XD", ["acknowledgement"])


def test_superseded_messages_are_neither_sent_nor_listed_nor_resent(server: MailServer) -> None:
    server.replies = {"RCPT": "550 No"}
    failed = a_message()
    worker.send_due()
    server.replies = {}
    waiting, others = a_message(), [a_message(about="MS-OTHER"), a_message(kind="new_request")]
    assert supersede() == 2
    assert worker.send_due().sent == len(others)
    assert set(server.copies) == {message.message_id for message in others}
    assert not OutgoingMessage.objects.undelivered().exists()
    actor = staff()
    for message in (failed, waiting):
        assert (stored(message).state, stored(message).text) == (State.SUPERSEDED, "")
        with pytest.raises(mail_queue.ResendRefusedError, match="A later message has replaced this one"):
            mail_queue.resend(message, actor=actor)
    assert stored(failed).last_error == "550 No"


def test_sent_and_resolved_messages_are_not_superseded(server: MailServer) -> None:
    sent = a_message()
    worker.send_due()
    resolved = a_message("not an address")
    mail_queue.mark_resolved(resolved, actor=staff())
    assert supersede() == 0
    assert [stored(message).state for message in (sent, resolved)] == [State.SENT, State.RESOLVED]


@pytest.mark.parametrize("is_before", [True, False])
def test_message_superseded_during_sending_counts_as_what_happened(
    server: MailServer, monkeypatch: pytest.MonkeyPatch, is_before: bool
) -> None:
    message = a_message()
    count_unconfirmed = worker._count_unconfirmed

    def supersede_meanwhile(leased: OutgoingMessage) -> None:
        if is_before:
            supersede()
        count_unconfirmed(leased)
        if not is_before:
            supersede()

    monkeypatch.setattr(worker, "_count_unconfirmed", supersede_meanwhile)
    assert worker.send_due().sent == (0 if is_before else 1)
    assert len(server.received) == (0 if is_before else 1)
    assert stored(message).state == (State.SUPERSEDED if is_before else State.SENT)
    assert not OutgoingMessage.objects.undelivered().exists()
