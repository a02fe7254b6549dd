"""Texts that staff send to a patient's phone themselves, by WhatsApp or SMS."""

from collections.abc import Sequence
from urllib.parse import quote

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import override

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http import languages
from consultations import phone_numbers, private_links
from consultations.answers import ContactMethod, YesNo
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import CALL_BACK, REMINDER
from consultations.messaging.context import MessageContext
from consultations.messaging.rendering import names_in
from consultations.messaging.templates import MessageTemplate
from consultations.models import Appointment, ConsultationRequest


class TextMethod(models.TextChoices):
    WHATSAPP = "whatsapp", _("WhatsApp")
    SMS = "sms", _("SMS")
    COPY = "copy", _("a copied text")


def channels(consultation: ConsultationRequest) -> tuple[TextMethod, ...]:
    """Return the ways to send a text, the usual one first; none to a landline, or if they want calls only."""
    if not phone_numbers.is_mobile(consultation.phone):
        return ()
    match consultation.contact_method:
        case ContactMethod.CALL:
            return ()
        case ContactMethod.SMS:
            return (TextMethod.SMS, TextMethod.COPY)
        case ContactMethod.WHATSAPP:
            return (TextMethod.WHATSAPP, TextMethod.COPY)
    return (TextMethod.WHATSAPP, TextMethod.SMS, TextMethod.COPY)


def may_identify(consultation: ConsultationRequest) -> bool:
    """Whether a text may name the clinic and have a link. No answer is not consent."""
    return consultation.may_identify_clinic == YesNo.YES


def kind_for(kind: str, consultation: ConsultationRequest) -> str:
    """Return the kind that may be sent; a reminder names the clinic only where it may."""
    return kind if kind == REMINDER or may_identify(consultation) else CALL_BACK


def template_for(kind: str, consultation: ConsultationRequest) -> MessageTemplate:
    return message_templates.template_for(kind, consultation.language)


def text_of(
    template: MessageTemplate,
    consultation: ConsultationRequest,
    appointments: Sequence[Appointment],
    link: str,
    *,
    clinic: ClinicProfile | None,
) -> str:
    """Render a text about these appointments: all times that are offered, or the one that is agreed."""
    context = MessageContext(consultation, appointments[0] if appointments else None, link)
    vars(context).update(choices=list(appointments), clinic=clinic)  # instead of queries
    return message_templates.render_text(template, context)


def new_link_for(template: MessageTemplate, consultation: ConsultationRequest) -> str:
    """Store one more private link if the text has a place for it; "" if it has none."""
    if "link" not in names_in(template.text):
        return ""
    with override(languages.known(consultation.language)):
        return private_links.new_link(consultation)


def chat_address(channel: str, consultation: ConsultationRequest, text: str) -> str:
    """Return the URL that opens a chat with the text filled in; "" for ``COPY``."""
    words = quote(text, safe="")
    match channel:
        case TextMethod.WHATSAPP:
            return f"{phone_numbers.whatsapp_link(consultation.phone)}?text={words}"
        case TextMethod.SMS:
            return f"sms:{consultation.phone}?body={words}"
    return ""
