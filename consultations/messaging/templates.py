"""What each message says: the shipped wording, or a manager's in its place, filled in for one request.

A manager's text that cannot be used never stops a message: the shipped text is sent, and staff are told
on their index (``texts_panel``).
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import get_language_bidi, override

from clinic_site.accounts.models import User
from consultations.messaging import rendering
from consultations.messaging.context import Told, values_for
from consultations.messaging.default_templates import IN_SUBJECT, SHIPPED
from consultations.models import Appointment, ConsultationRequest, MessageText

Problems = dict[str, list[str]]


class ChangedMeanwhileError(Exception):
    """The text is not the one any more that was on the screen."""


@dataclass(frozen=True, kw_only=True)
class Wording:
    """A subject and a text with their placeholders, and the language that they are in.

    ``unusable`` is the manager's text that should have been used, and could not be.
    """

    language: str
    subject: str
    text: str
    unusable: MessageText | None = None


@dataclass(frozen=True)
class Written:
    """A message as it is read."""

    subject: str
    text: str
    html: str
    paragraphs: list[Any]


# Which wording


def wording(kind: str, language: str) -> Wording:
    """The words of a message for a reader of a language. One or two queries, and nothing is written."""
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    changed = MessageText.objects.filter(kind=kind, language=language).first()
    if changed and not problems(kind, changed.subject, changed.text):
        return Wording(language=language, subject=changed.subject, text=changed.text)
    as_shipped = shipped(kind, language)
    if as_shipped.language != language:
        # Not translated. What a manager wrote in the language of the site is better than what is shipped.
        as_shipped = wording(kind, as_shipped.language)
    return replace(as_shipped, unusable=changed or as_shipped.unusable)


def shipped(kind: str, language: str) -> Wording:
    """The shipped words; those of the site's own language where they have no usable translation."""
    message = SHIPPED[kind]
    with override(None):
        source = Wording(
            language=settings.LANGUAGE_CODE, subject=str(message.subject), text=str(message.text)
        )
    with override(language):
        translated = Wording(language=language, subject=str(message.subject), text=str(message.text))
    # Translators too mistake a placeholder.
    if translated.text == source.text or problems(kind, translated.subject, translated.text):
        return source
    return translated


def problems(kind: str, subject: str, text: str) -> Problems:
    """What keeps words from being used for a message, by field; nothing if they can be."""
    message = SHIPPED.get(kind)
    if message is None:
        return {"text": [f"{kind}?"]}
    found = {"text": rendering.problems(text, message.allowed, message.required)}
    if message.is_mail:
        allowed = set(IN_SUBJECT) & set(message.allowed)
        found["subject"] = rendering.problems(_one_line(subject), allowed)
    return {field: sentences for field, sentences in found.items() if sentences}


# The message of one request


def write(kind: str, words: Wording, told: Told) -> Written:
    """A message with its placeholders filled in, as plain text and as HTML of the same words."""
    with override(words.language):
        values = values_for(SHIPPED[kind].allowed, told)
        subject = rendering.filled(_one_line(words.subject), values)
        paragraphs = rendering.as_html(words.text, values)
        html = render_to_string(
            "consultations/messaging/email.html",
            {
                "language": words.language,
                "direction": direction(words.language),
                "subject": subject,
                "paragraphs": paragraphs,
            },
        )
        return Written(subject, rendering.filled(words.text, values) + "\n", html, paragraphs)


def whatsapp_opening(request: ConsultationRequest) -> str:
    """The words that stand ready in a WhatsApp chat with the patient."""
    return _to_a_phone("whatsapp_opening", Told(request))


def sms_reminder(appointment: Appointment) -> str:
    """The words with which staff remind of an appointment by SMS or WhatsApp."""
    return _to_a_phone("sms_reminder", Told(appointment.request, appointment))


def _to_a_phone(kind: str, told: Told) -> str:
    words = wording(kind, told.request.language)
    with override(words.language):
        return rendering.filled(words.text, values_for(SHIPPED[kind].allowed, told))


def direction(language: str) -> str:
    with override(language):
        return "rtl" if get_language_bidi() else "ltr"


def _one_line(text: str) -> str:
    """A subject as a header takes it: one line, and nothing that does not show."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


# What managers do


def stamp(row: MessageText | None) -> str:
    """Which version of a text it is; "" while the shipped one is used."""
    return row.changed_at.isoformat() if row else ""


def change(kind: str, language: str, subject: str, text: str, *, by: User, seen: str) -> MessageText:
    """Use a manager's words from now on. They have been found without ``problems``.

    ``seen`` is the ``stamp`` of the text that was on the screen; raises ``ChangedMeanwhileError``.
    """
    try:
        with transaction.atomic():
            row = _as_seen(kind, language, seen) or MessageText(kind=kind, language=language)
            row.subject, row.text, row.broken_at = subject, text, None
            row.changed_at, row.changed_by = timezone.now(), by
            row.save()
            return row
    except IntegrityError as error:  # two were the first
        raise ChangedMeanwhileError(kind) from error


def use_shipped(kind: str, language: str, *, seen: str) -> MessageText | None:
    """Use the shipped words again. Gives what was used until now; raises ``ChangedMeanwhileError``."""
    with transaction.atomic():
        row = _as_seen(kind, language, seen)
        if row:
            MessageText.objects.filter(pk=row.pk).delete()
    return row


def _as_seen(kind: str, language: str, seen: str) -> MessageText | None:
    row = MessageText.objects.select_for_update().filter(kind=kind, language=language).first()
    if stamp(row) != seen:
        raise ChangedMeanwhileError(kind)
    return row


def mark_unusable(row: MessageText, now: datetime) -> None:
    """Note that a message went out with the shipped words instead. The first time counts."""
    MessageText.objects.filter(pk=row.pk, broken_at=None).update(broken_at=now)


def unusable() -> list[MessageText]:
    """The managers' texts that cannot be used, whether or not a message has met them. One query."""
    return [row for row in MessageText.objects.all() if problems(row.kind, row.subject, row.text)]


def texts_panel(request: HttpRequest) -> dict[str, Any] | None:
    """For the staff index: the texts that a manager has to mend."""
    if not request.user.has_perm("consultations.change_messagetext"):
        return None
    found = unusable()
    return {"texts": [(row, SHIPPED.get(row.kind)) for row in found]} if found else None
