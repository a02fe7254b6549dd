"""The template of each message: the default file, or a manager's override, rendered for one request.

An override that cannot be used never stops a message: the default is sent, and managers see it on the staff
index (``texts_panel``).
"""

from dataclasses import dataclass, replace
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.template import TemplateDoesNotExist
from django.template.loader import get_template, render_to_string
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import override

from clinic_site.accounts.models import User
from clinic_site.core.http.languages import direction, known
from clinic_site.core.text import is_one_line
from consultations.messaging import rendering
from consultations.messaging.catalogue import KINDS, SUBJECT_PLACEHOLDERS
from consultations.messaging.context import MessageContext, values_for
from consultations.messaging.rendering import names_in
from consultations.models import ConsultationRequest, MessageText

Problems = dict[str, list[str]]


class ChangedMeanwhileError(Exception):
    """The override is not the one any more that was on the screen."""


@dataclass(frozen=True, kw_only=True)
class MessageTemplate:
    """``unusable`` is the override that should have been used, and could not be."""

    language: str
    subject: str
    text: str
    unusable: MessageText | None = None


@dataclass(frozen=True)
class RenderedMessage:
    subject: str
    text: str
    html: str
    body: SafeString


def template_for(kind: str, language: str) -> MessageTemplate:
    """Return the template of a message for a reader of a language.

    Kept as long as a public page: a text that was changed is used within seconds.
    """
    language = known(language)
    key = f"message:{kind}:{language}"
    found: MessageTemplate | None = cache.get_or_set(
        key, lambda: _read_template(kind, language), settings.PAGE_CACHE_SECONDS
    )
    assert found
    return found


def _read_template(kind: str, language: str) -> MessageTemplate:
    changed = MessageText.objects.filter(kind=kind, language=language).first()
    if changed and not problems(kind, changed.subject, changed.text):
        return MessageTemplate(language=language, subject=changed.subject, text=changed.text)
    default = default_template(kind, language)
    if default.language != language:
        # Not translated. An override in the language of the site is better than the default.
        default = template_for(kind, default.language)
    return replace(default, unusable=changed or default.unusable)


def default_template(kind: str, language: str) -> MessageTemplate:
    """The template files in a language, or in the language of the site if there are none."""
    try:
        text = _source(kind, language, "txt")
    except TemplateDoesNotExist:
        language = settings.LANGUAGE_CODE
        text = _source(kind, language, "txt")
    subject = _source(kind, language, "subject.txt") if KINDS[kind].is_mail else ""
    return MessageTemplate(language=language, subject=subject, text=text)


def _source(kind: str, language: str, extension: str) -> str:
    template: Any = get_template(f"consultations/messaging/{language}/{kind}.{extension}")
    return str(template.template.source).strip()


def problems(kind: str, subject: str, text: str) -> Problems:
    """Why a template cannot be used for a message, by field; empty if it can."""
    message = KINDS.get(kind)
    if message is None:
        return {"text": [f"{kind}?"]}
    found = {"text": rendering.problems(text, message.placeholders, message.required)}
    if message.is_mail:
        allowed = SUBJECT_PLACEHOLDERS & set(message.placeholders)
        found["subject"] = rendering.problems(_one_line(subject), allowed)
    return {field: sentences for field, sentences in found.items() if sentences}


def render(template: MessageTemplate, context: MessageContext) -> RenderedMessage:
    """Render a message as plain text, and as HTML of the same words."""
    with override(template.language):
        values = values_for(names_in(template.subject + template.text), context)
        subject = rendering.render_plain(_one_line(template.subject), values)
        body = rendering.render_html(template.text, values)
        html = render_to_string(
            "consultations/messaging/email.html",
            {
                "language": template.language,
                "direction": direction(template.language),
                "subject": subject,
                "body": body,
            },
        )
        return RenderedMessage(subject, rendering.render_plain(template.text, values) + "\n", html, body)


def render_text(template: MessageTemplate, context: MessageContext) -> str:
    """Render a message that is no mail."""
    with override(template.language):
        return rendering.render_plain(template.text, values_for(names_in(template.text), context))


def whatsapp_opening(request: ConsultationRequest) -> str:
    return render_text(template_for("whatsapp_opening", request.language), MessageContext(request))


def _one_line(text: str) -> str:
    """A subject as a header holds it: one line. Joiners stay, which separate letters in Urdu."""
    return " ".join("".join(letter if is_one_line(letter) else " " for letter in text).split())


# Overrides


def stamp(row: MessageText | None) -> str:
    """The version of an override; "" while the default is used."""
    return row.changed_at.isoformat() if row else ""


def save_override(kind: str, language: str, subject: str, text: str, *, by: User, seen: str) -> MessageText:
    """Store an override without ``problems``. ``seen`` is the ``stamp`` that was on the screen.

    Raises ``ChangedMeanwhileError``.
    """
    try:
        with transaction.atomic():
            row = _unchanged_override(kind, language, seen) or MessageText(kind=kind, language=language)
            row.subject, row.text, row.broken_at = subject, text, None
            row.changed_at, row.changed_by = timezone.now(), by
            row.save()
            return row
    except IntegrityError as error:  # two people saved the first override at once
        raise ChangedMeanwhileError(kind) from error


def delete_override(kind: str, language: str, *, seen: str) -> MessageText | None:
    """Use the default again. Return the former override; raises ``ChangedMeanwhileError``."""
    with transaction.atomic():
        row = _unchanged_override(kind, language, seen)
        if row:
            MessageText.objects.filter(pk=row.pk).delete()
    return row


def _unchanged_override(kind: str, language: str, seen: str) -> MessageText | None:
    row = MessageText.objects.select_for_update().filter(kind=kind, language=language).first()
    if stamp(row) != seen:
        raise ChangedMeanwhileError(kind)
    return row


def texts_panel(request: HttpRequest) -> dict[str, Any] | None:
    """The panel of the staff index with the unusable overrides, for managers. One query."""
    if not request.user.has_perm("consultations.change_messagetext"):
        return None
    unusable = [row for row in MessageText.objects.all() if problems(row.kind, row.subject, row.text)]
    return {"texts": [(row, KINDS.get(row.kind)) for row in unusable]} if unusable else None
