"""The timeline of a request in words: events, notes, and messages to the patient."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from clinic_site.core.templatetags.formatting import clock
from clinic_site.mail.models import MessageStep, OutgoingMessage
from consultations.desk.assignees import name_of
from consultations.lifecycle.staff_actions import Outcome
from consultations.messaging.catalogue import KINDS, STAFF_KINDS
from consultations.models import ConsultationRequest, Event, Note

OUTCOMES = {
    Outcome.NO_ANSWER: gettext_lazy("No answer"),
    Outcome.SPOKE: gettext_lazy("Spoke"),
    Outcome.WRONG_NUMBER: gettext_lazy("Wrong number"),
    Outcome.MESSAGE_SENT: gettext_lazy("Message sent"),
    Outcome.CALL_BACK: gettext_lazy("Call back"),
}
CONTACT_FIELDS = {
    "phone": gettext_lazy("phone number"),
    "whatsapp": gettext_lazy("WhatsApp number"),
    "email": gettext_lazy("email address"),
    "contact_method": gettext_lazy("contact method"),
}
# Events of the staff or of the patient: without an actor, the patient is named.
_BY_EITHER = (
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


def timeline(
    events: list[Event], notes: list[Note], messages: list[OutgoingMessage], *, may_see_messages: bool
) -> list[Entry]:
    """Return all entries, the oldest first."""
    entries = [
        # A note has an entry of its own, with its text.
        *(event_entry(event) for event in events if event.kind != Event.Kind.NOTE_ADDED),
        *(note_entry(note) for note in notes),
        *(message_entry(message, may_see_messages) for message in messages),
    ]
    return sorted(entries, key=lambda entry: entry.at)


def events_of(consultation: ConsultationRequest) -> list[Event]:
    return list(consultation.events.select_related("actor"))


def notes_of(consultation: ConsultationRequest) -> list[Note]:
    return list(consultation.notes.select_related("author"))


def messages_of(consultation: ConsultationRequest) -> list[OutgoingMessage]:
    """Messages to the patient. Notices to the staff only repeat events."""
    return list(
        OutgoingMessage.objects.filter(about=consultation.reference)
        .exclude(kind__in=STAFF_KINDS)
        .with_last_step()
        .defer("text", "html", "attachments")
        .order_by("created_at", "pk")
    )


def event_entry(event: Event) -> Entry:
    who = name_of(event.actor) if event.actor else ""
    if not who and event.kind in _BY_EITHER:
        who = _("the patient")
    return Entry(event.at, str(event.get_kind_display()), more=_detail_of(event), who=who)


def note_entry(note: Note) -> Entry:
    who = name_of(note.author) if note.author else _("the patient")
    return Entry(note.at, _("Note"), who=who, text=note.text)


def message_entry(message: OutgoingMessage, may_see: bool) -> Entry:
    name = KINDS[message.kind].name if message.kind in KINDS else message.kind
    state = message.state
    more = str(state.label)
    if message.sent_at:
        more = _("Sent on %(when)s") % {"when": moment(message.sent_at)}
    step = getattr(message, "last_step", None)
    if step == MessageStep.Kind.RESENT:
        more = _("%(sent_again)s. %(now)s") % {"sent_again": MessageStep.Kind.RESENT.label, "now": more}
    is_problem = state == OutgoingMessage.State.FAILED
    link = reverse("admin:mail_outgoingmessage_change", args=[message.pk])
    return Entry(
        message.created_at,
        _("Mail to the patient: %(name)s") % {"name": name},
        more=more,
        who=getattr(message, "last_step_by", None) or "",
        link=link if is_problem and may_see else "",
        is_problem=is_problem,
    )


def moment(at: datetime) -> str:
    """Format a time in the clinic's time zone, like "Monday 23 November 2026, 9 am"."""
    local = timezone.localtime(at, timezone.get_default_timezone())
    return _("%(day)s, %(time)s") % {"day": date_format(local, "l j F Y"), "time": clock(local)}


def _detail_of(event: Event) -> str:
    detail: Mapping[str, Any] = event.detail if isinstance(event.detail, dict) else {}
    if event.from_status:
        return _("from “%(before)s” to “%(after)s”") % {
            "before": event.get_from_status_display(),
            "after": event.get_to_status_display(),
        }
    if event.kind == Event.Kind.CONTACTED:
        return _contact(detail)
    if event.kind == Event.Kind.ASSIGNED:
        name = detail.get("name")
        return _("to %(name)s") % {"name": name} if name else _("to nobody")
    if event.kind == Event.Kind.ATTACHMENT_ADDED and isinstance(detail.get("count"), int):
        count = detail["count"]
        return ngettext("%(count)d file", "%(count)d files", count) % {"count": count}
    if event.kind == Event.Kind.CONTACT_DETAILS_CORRECTED:
        return _corrected_fields(detail)
    return _time(detail)


def _corrected_fields(detail: Mapping[str, Any]) -> str:
    what = detail.get("what", [])
    names = [str(words) for name, words in CONTACT_FIELDS.items() if name in what]
    return ", ".join([*names, _("the number is right after all")] if detail.get("is_right") else names)


def _contact(detail: Mapping[str, Any]) -> str:
    outcome = str(detail.get("outcome", ""))
    words = str(OUTCOMES[Outcome(outcome)]) if outcome in set(Outcome) else outcome
    again = _moment_in(detail, "call_back_at")
    if not again:
        return words
    if outcome == Outcome.CALL_BACK:
        return _("Call back on %(when)s") % {"when": again}
    return _("%(outcome)s. Call back on %(when)s") % {"outcome": words, "when": again}


def _time(detail: Mapping[str, Any]) -> str:
    """The appointment of an event; "" if there is none."""
    words = {"when": _moment_in(detail, "starts_at"), "practitioner": detail.get("practitioner", "")}
    if not words["when"]:
        return ""
    return _("%(when)s, with %(practitioner)s") % words if words["practitioner"] else str(words["when"])


def _moment_in(detail: Mapping[str, Any], name: str) -> str:
    try:
        return moment(datetime.fromisoformat(str(detail.get(name, ""))))
    except ValueError:
        return ""
