"""The kinds of messages: what staff call them, when they are sent, and which placeholders they may use.

The texts are template files; a manager may override them. No subject says more than the reference, and no
text anything about health: mail may be read on a shared phone, or sent to a mistyped address.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consultations import icalendar

SUBJECT_PLACEHOLDERS = frozenset({"reference"})

_COMMON = ("reference", "link", "phone", "emergency", "clinic")
# The patient's name is used only in messages that staff cause. The form sends mail to any address that is
# typed into it: it may be a stranger's, and the name may hold any text.
_BY_STAFF = ("name", *_COMMON)
_APPOINTMENT = ("when", "practitioner", "place", *_BY_STAFF)
# Texts to a phone: without a name, because others may read them.
_APPOINTMENT_TEXT = ("when", "practitioner", "place", *_COMMON)

# Messages made obsolete by a new appointment or a new status. An acknowledgement, which may wait for hours
# while very many are sent, says that there is no appointment yet. Not a cancellation: it stays true, and
# removes the appointment from the patient's calendar, as only another agreed appointment does, too.
ABOUT_APPOINTMENT = frozenset({"appointment_offered", "appointment_agreed", "reminder"})
OBSOLETE = ABOUT_APPOINTMENT | {"acknowledgement", "reopened", "declined", "unreachable", "withdrawn"}

DIGEST = "staff_digest"
REMINDER, CALL_BACK, PRIVATE_LINK = "sms_reminder", "text_call_back", "text_private_link"


@dataclass(frozen=True, kw_only=True)
class MessageKind:
    name: str | Promise
    sent: str | Promise  # when it is sent, for staff
    placeholders: tuple[str, ...]
    required: tuple[str, ...]
    is_mail: bool = True
    for_staff: bool = False  # to the addresses of the staff, in the language of the site
    is_limited: bool = False  # caused by the public form, so that a stranger could cause very many
    supersedes: frozenset[str] = frozenset()
    calendar: icalendar.Method | None = None


KINDS: Mapping[str, MessageKind] = {
    "acknowledgement": MessageKind(
        name=_("Acknowledgment"),
        sent=_("When a request has come in."),
        placeholders=("promise", *_COMMON),
        required=("reference", "promise", "emergency", "link"),
        is_limited=True,
    ),
    "appointment_offered": MessageKind(
        name=_("Appointment offered"),
        sent=_("When one or more times are offered to the patient."),
        placeholders=("until", *_APPOINTMENT),
        required=("when", "practitioner", "link"),
        # An agreed time is kept until the patient chooses another.
        supersedes=OBSOLETE - {"appointment_agreed", "reminder"},
    ),
    "appointment_agreed": MessageKind(
        name=_("Appointment agreed"),
        sent=_("When an appointment is agreed. A calendar file is attached."),
        placeholders=_APPOINTMENT,
        required=("when", "practitioner", "link"),
        supersedes=OBSOLETE | {"appointment_canceled"},
        calendar="REQUEST",
    ),
    "appointment_canceled": MessageKind(
        name=_("Appointment canceled"),
        sent=_("When an agreed appointment is canceled. A calendar file removes it from the calendar."),
        placeholders=_APPOINTMENT,
        required=("when", "link"),
        supersedes=OBSOLETE,
        calendar="CANCEL",
    ),
    "reminder": MessageKind(
        name=_("Reminder by mail"),
        sent=_("The day before the appointment, to patients who chose email."),
        placeholders=_APPOINTMENT,
        required=("when", "link"),
    ),
    "declined": MessageKind(
        name=_("Declined"),
        sent=_("When a request is declined."),
        placeholders=_BY_STAFF,
        required=("emergency", "link"),
    ),
    "unreachable": MessageKind(
        name=_("Could not be reached"),
        sent=_("When a request is closed because the patient could not be reached."),
        placeholders=_BY_STAFF,
        required=("link",),
    ),
    "withdrawn": MessageKind(
        name=_("Withdrawn"),
        sent=_("When a request is withdrawn, as a confirmation."),
        placeholders=_COMMON,
        required=("link",),
        is_limited=True,
    ),
    "reopened": MessageKind(
        name=_("Reopened"),
        sent=_("When a closed request is reopened."),
        placeholders=_BY_STAFF,
        required=("link",),
    ),
    "email_changed": MessageKind(
        name=_("Email address changed"),
        sent=_("When a patient enters another email address on the private page, to the new address."),
        placeholders=_COMMON,
        required=("reference", "emergency", "link"),
        is_limited=True,
    ),
    "email_replaced": MessageKind(
        name=_("Email address replaced"),
        sent=_("At the same moment, to the former address. It has no link."),
        placeholders=("reference", "phone", "clinic"),
        required=("reference",),
        is_limited=True,
    ),
    "whatsapp_opening": MessageKind(
        name=_("Opening of a WhatsApp chat"),
        sent=_(
            "Prepared when staff open a chat; staff send it themselves. Others may read it: it says nothing "
            "about health."
        ),
        placeholders=("reference", "sender", "phone"),
        required=("reference",),
        is_mail=False,
    ),
    REMINDER: MessageKind(
        name=_("Reminder by SMS or WhatsApp"),
        sent=_(
            "The day before the appointment; staff send it themselves. Others may read it: it says nothing "
            "about health."
        ),
        placeholders=("reference", "sender", "when", "phone"),
        required=("reference", "when"),
        is_mail=False,
    ),
    "text_offered": MessageKind(
        name=_("Text: time offered"),
        sent=_("By WhatsApp or SMS, after one or more times were offered. Staff send it themselves."),
        placeholders=("until", *_APPOINTMENT_TEXT),
        required=("when", "practitioner", "link"),
        is_mail=False,
    ),
    "text_agreed": MessageKind(
        name=_("Text: appointment agreed"),
        sent=_("By WhatsApp or SMS, after an appointment was agreed. Staff send it themselves."),
        placeholders=_APPOINTMENT_TEXT,
        required=("when", "practitioner"),
        is_mail=False,
    ),
    "text_moved": MessageKind(
        name=_("Text: appointment moved"),
        sent=_("By WhatsApp or SMS, after an agreed appointment was moved. Staff send it themselves."),
        placeholders=_APPOINTMENT_TEXT,
        required=("when", "practitioner"),
        is_mail=False,
    ),
    "text_canceled": MessageKind(
        name=_("Text: appointment canceled"),
        sent=_("By WhatsApp or SMS, after an agreed appointment was canceled. Staff send it themselves."),
        placeholders=_APPOINTMENT_TEXT,
        required=("when",),
        is_mail=False,
    ),
    "text_declined": MessageKind(
        name=_("Text: declined"),
        sent=_("By WhatsApp or SMS, after a request was declined. Staff send it themselves."),
        placeholders=_COMMON,
        required=("emergency",),
        is_mail=False,
    ),
    PRIVATE_LINK: MessageKind(
        name=_("Text: private link"),
        sent=_("By WhatsApp or SMS, when a patient needs a new link. Staff send it themselves."),
        placeholders=_COMMON,
        required=("link",),
        is_mail=False,
    ),
    CALL_BACK: MessageKind(
        name=_("Text: please call us"),
        sent=_(
            "By WhatsApp or SMS, in place of the others, to patients who do not want us to say who we are. "
            "It names no clinic, and has no link and no time. Staff send it themselves."
        ),
        placeholders=("reference", "phone"),
        required=("reference",),
        is_mail=False,
    ),
    "new_request": MessageKind(
        name=_("To staff: a new request"),
        sent=_("When a request has come in, to the staff addresses."),
        placeholders=("reference", "desk"),
        required=("reference", "desk"),
        for_staff=True,
    ),
    "patient_activity": MessageKind(
        name=_("To staff: patient activity"),
        sent=_("When a patient changes something on the private page, to the staff addresses."),
        placeholders=("reference", "activity", "desk"),
        required=("reference", "activity", "desk"),
        for_staff=True,
    ),
    DIGEST: MessageKind(
        name=_("To staff: a list of requests"),
        sent=_("At most every ten minutes, instead of single notices when there are very many."),
        placeholders=("references", "desk"),
        required=("references", "desk"),
        for_staff=True,
    ),
}

STAFF_KINDS = frozenset(kind for kind, message in KINDS.items() if message.for_staff)
# Staff send these themselves, by WhatsApp or SMS.
TEXTS = frozenset({REMINDER, *(kind for kind in KINDS if kind.startswith("text_"))})
