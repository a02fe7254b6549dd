"""The timeline of a request in words: events, notes, and messages to the patient."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic_site.mail.models import MessageStep, OutgoingMessage
from consultations.answers import Channel, Consent
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging.catalogue import KINDS, STAFF_KINDS
from consultations.messaging.texts import TextMethod
from consultations.models import ConsultationRequest, Event

CORRECTED_FIELDS = {
    "patient_name": gettext_lazy("patient’s name"),
    "patient_age": gettext_lazy("age"),
    "city": gettext_lazy("city or town"),
    "about": gettext_lazy("subject"),
    "phone": gettext_lazy("phone number"),
    "phone_extension": gettext_lazy("extension"),
    "phone_is_shared": gettext_lazy("whether others use the phone"),
    "may_identify_clinic": gettext_lazy("whether we may say who we are"),
    "email": gettext_lazy("email address"),
    "contact_method": gettext_lazy("contact method"),
    "speaks": gettext_lazy("language"),
    "days": gettext_lazy("good days"),
    "parts_of_day": gettext_lazy("good times of day"),
}
TAKEN = {
    Channel.PHONE: gettext_lazy("Taken by %(name)s on the phone"),
    Channel.DESK: gettext_lazy("Taken by %(name)s at the desk"),
    Channel.WHATSAPP: gettext_lazy("Taken by %(name)s on WhatsApp"),
}
# Events of the staff, the patient or the site: without an actor, the patient or the site is named.
_BY_EITHER = (
    Event.Kind.SUBMITTED,
    Event.Kind.CONTACT_DETAILS_CHANGED,
    Event.Kind.ATTACHMENT_ADDED,
    Event.Kind.ATTACHMENT_REMOVED,
    Event.Kind.TIME_REFUSED,
    Event.Kind.STATUS_CHANGED,
    Event.Kind.CONTACT_DETAILS_CORRECTED,
    Event.Kind.TIME_AGREED,
    Event.Kind.TIME_CANCELED,
)


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    at: datetime
    what: str
    more: str = ""
    who: str = ""
    text: str = ""  # a note
    link: str = ""  # to where a problem can be solved
    is_problem: bool = False


def mails_to_patient(consultation: ConsultationRequest) -> list[OutgoingMessage]:
    """Return the mails about a request, the oldest first. Notices to the staff only repeat events."""
    mails = OutgoingMessage.objects.filter(about=consultation.reference).exclude(kind__in=STAFF_KINDS)
    return list(mails.with_last_step().defer("text", "html", "attachments").order_by("pk"))


def timeline(
    consultation: ConsultationRequest,
    events: Iterable[Event],
    mails: Iterable[OutgoingMessage],
    *,
    may_see_messages: bool,
) -> list[Entry]:
    """Return all entries, the oldest first. ``events`` and ``mails`` are those of the request. One query."""
    sender = consultation.sender or _("the patient")
    entries = [
        # A note has an entry of its own, with its text.
        *(event_entry(event, sender) for event in events if event.kind != Event.Kind.NOTE_ADDED),
        *(
            Entry(note.at, _("Note"), who=str(note.author or sender), text=note.text)
            for note in consultation.notes.select_related("author")
        ),
        *(_message_entry(mail, may_see_messages) for mail in mails),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def event_entry(event: Event, sender: str) -> Entry:
    """Return the entry of an event; ``sender`` is the person who acts on the private page."""
    detail: Mapping[str, Any] = event.detail if isinstance(event.detail, dict) else {}
    what = event.get_kind_display()
    if detail.get("is_replaced"):
        what = _("Time released because another was chosen")
    if detail.get("by_site"):
        sender = _("the site")
    who = str(event.actor or (sender if event.kind in _BY_EITHER else ""))
    if channel := detail.get("channel"):
        what, who = TAKEN[channel] % {"name": who}, ""
    return Entry(event.at, what, more=_detail_of(event, detail), who=who)


def _message_entry(message: OutgoingMessage, may_see: bool) -> Entry:
    name = KINDS[message.kind].name if message.kind in KINDS else message.kind
    is_problem = message.state == OutgoingMessage.State.FAILED
    link = reverse("admin:mail_outgoingmessage_change", args=[message.pk])
    more = str(message.state.label)
    if message.sent_at:
        more = _("Sent on %(when)s") % {"when": moment(message.sent_at)}
    elif is_problem and message.last_error:
        more = f"{more}: {message.last_error}"
    if getattr(message, "last_step", None) == MessageStep.Kind.RESENT:
        more = _("%(sent_again)s. %(now)s") % {"sent_again": MessageStep.Kind.RESENT.label, "now": more}
    return Entry(
        message.created_at,
        _("Email: %(name)s") % {"name": name},
        more=more,
        who=getattr(message, "last_step_by", None) or "",
        link=link if is_problem and may_see else "",
        is_problem=is_problem,
    )


def moment(at: datetime) -> str:
    """Format a time in the clinic's time zone, like "Mon 23 Nov 2026, 9 am"."""
    return date_format(timezone.localtime(at), "DATETIME_FORMAT")


def _detail_of(event: Event, detail: Mapping[str, Any]) -> str:
    if event.from_status:
        return _("from “%(before)s” to “%(after)s”") % {
            "before": event.get_from_status_display(),
            "after": event.get_to_status_display(),
        }
    match event.kind:
        case Event.Kind.SUBMITTED if "consent" in detail:
            return _("Consent: %(how)s") % {"how": Consent(detail["consent"]).label}
        case Event.Kind.CONTACTED:
            contact = _contact(str(detail.get("outcome", "")), _moment_in(detail, "call_back_at"))
            return f"{contact}. {text}" if (text := _text(detail)) else contact
        case Event.Kind.MESSAGE_OPENED | Event.Kind.MESSAGE_NOT_SENT:
            return _text(detail)
        case Event.Kind.ASSIGNED:
            name = detail.get("name")
            return _("to %(name)s") % {"name": name} if name else _("to nobody")
        case Event.Kind.ATTACHMENT_ADDED if isinstance(detail.get("count"), int):
            return ngettext("%(count)d file", "%(count)d files", detail["count"]) % detail
        case _ if "what" in detail or detail.get("is_right"):
            what = detail.get("what", [])
            changes = [str(words) for name, words in CORRECTED_FIELDS.items() if name in what]
            if detail.get("is_right"):
                changes.append(_("the number is right after all"))
            return ", ".join(changes)
    starts_at, practitioner = _moment_in(detail, "starts_at"), detail.get("practitioner")
    if starts_at and practitioner:
        return _("%(when)s, with %(practitioner)s") % {"when": starts_at, "practitioner": practitioner}
    return starts_at


def _contact(outcome: str, call_back_on: str) -> str:
    words = str(Outcome(outcome).label) if outcome in set(Outcome) else outcome
    if not call_back_on:
        return words
    if outcome == Outcome.CALL_BACK:
        return _("Call back on %(when)s") % {"when": call_back_on}
    return _("%(outcome)s. Call back on %(when)s") % {"outcome": words, "when": call_back_on}


def _text(detail: Mapping[str, Any]) -> str:
    """The name of a text to the phone, and how it was sent."""
    kind, by = str(detail.get("message", "")), str(detail.get("by", ""))
    name = str(KINDS[kind].name) if kind in KINDS else kind
    return f"{name} ({TextMethod(by).label})" if by in set(TextMethod) else name


def _moment_in(detail: Mapping[str, Any], name: str) -> str:
    """The time under a name, in words; "" if there is none."""
    try:
        return moment(datetime.fromisoformat(str(detail.get(name, ""))))
    except ValueError:
        return ""
