"""The wording of every message as it is shipped: one table, which a manager may overrule.

No subject says more than the reference, and no text anything about health: mail lies open on shared
phones, and goes to whatever address was typed. Translators keep what stands in braces as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, kw_only=True)
class Message:
    """A message: what staff call it, when it is sent, its words, and which placeholders they may hold.

    ``subject`` is "" for what is no mail. ``for_staff``: it goes to staff, in the language of the site.
    """

    name: str | Promise
    sent: str | Promise
    text: str | Promise
    subject: str | Promise = ""
    allowed: tuple[str, ...]
    required: tuple[str, ...]
    for_staff: bool = False

    @property
    def is_mail(self) -> bool:
        return str(self.subject) != ""


# What may stand in a subject, of any message.
IN_SUBJECT = ("reference",)

_ALWAYS = ("reference", "link", "phone", "emergency", "clinic")
# By name only in what a hand of the staff sends. The form alone sends mail to whatever address somebody
# typed: it may be a stranger's, and the name whatever the stranger is to read.
_BY_STAFF = ("first_name", *_ALWAYS)
_OF_A_TIME = ("when", "practitioner", "place", *_BY_STAFF)

SHIPPED: Mapping[str, Message] = {
    "acknowledgement": Message(
        name=_("Acknowledgement"),
        sent=_("When a request has come in."),
        subject=_("We have your request {reference}"),
        text=_(
            "We have your request. Your reference is {reference}.\n\n"
            "You do not have an appointment yet. We contact you {promise}.\n\n"
            "If it gets worse, do not wait for us. In an emergency, call {emergency} or go to the nearest "
            "emergency department now.\n\n"
            "See where your request stands, or change something:\n"
            "{link}\n"
            "Anyone who has this address can open the page. Share it only with people you trust.\n\n"
            "If you would rather call: {phone}. Tell us your reference.\n\n"
            "{clinic}"
        ),
        allowed=("promise", *_ALWAYS),
        required=("reference", "promise", "emergency", "link"),
    ),
    "time_offered": Message(
        name=_("Time offered"),
        sent=_("When a time is offered to the patient."),
        subject=_("A time for your request {reference}"),
        text=_(
            "Hello {first_name},\n\n"
            "We offer you this time:\n"
            "{when}\n"
            "with {practitioner}\n"
            "{place}\n\n"
            "It takes the place of any time that we told you before.\n\n"
            "Please tell us whether it suits you. Until then it is not fixed. Answer on your private page:\n"
            "{link}\n\n"
            "Or call us: {phone}. Your reference is {reference}.\n\n"
            "{clinic}"
        ),
        allowed=_OF_A_TIME,
        required=("when", "practitioner", "link"),
    ),
    "time_agreed": Message(
        name=_("Time agreed"),
        sent=_("When a time is agreed. A calendar file comes with it."),
        subject=_("Your appointment {reference}"),
        text=_(
            "Hello {first_name},\n\n"
            "Your appointment is agreed:\n"
            "{when}\n"
            "with {practitioner}\n"
            "{place}\n\n"
            "It takes the place of any time that we told you before.\n\n"
            "The file with this mail puts it into your calendar.\n\n"
            "If you cannot come, please tell us as early as you can, on your private page:\n"
            "{link}\n\n"
            "Or call us: {phone}. Your reference is {reference}.\n\n"
            "{clinic}"
        ),
        allowed=_OF_A_TIME,
        required=("when", "practitioner", "link"),
    ),
    "time_cancelled": Message(
        name=_("Time canceled"),
        sent=_("When an agreed time is given up. A calendar file takes it out of the patient’s calendar."),
        subject=_("Your appointment {reference} does not take place"),
        text=_(
            "Hello {first_name},\n\n"
            "This appointment does not take place:\n"
            "{when}\n"
            "with {practitioner}\n\n"
            "Please do not come at that time. Your private page shows what happens next:\n"
            "{link}\n\n"
            "If you have a question, call us: {phone}. Your reference is {reference}.\n\n"
            "{clinic}"
        ),
        allowed=_OF_A_TIME,
        required=("when", "link"),
    ),
    "reminder": Message(
        name=_("Reminder by mail"),
        sent=_("The day before the appointment, to patients who chose email."),
        subject=_("Reminder of your appointment {reference}"),
        text=_(
            "Hello {first_name},\n\n"
            "This is to remind you of your appointment:\n"
            "{when}\n"
            "with {practitioner}\n"
            "{place}\n\n"
            "If you cannot come, please tell us now, on your private page:\n"
            "{link}\n\n"
            "Or call us: {phone}. Your reference is {reference}.\n\n"
            "{clinic}"
        ),
        allowed=_OF_A_TIME,
        required=("when", "link"),
    ),
    "declined": Message(
        name=_("Declined"),
        sent=_("When a request is declined."),
        subject=_("About your request {reference}"),
        text=_(
            "Hello {first_name},\n\n"
            "We cannot offer you an appointment for this request.\n\n"
            "If we have not told you why, please call us and ask: {phone}. Your reference is {reference}.\n\n"
            "In an emergency, call {emergency} or go to the nearest emergency department now.\n\n"
            "Your private page:\n"
            "{link}\n\n"
            "{clinic}"
        ),
        allowed=_BY_STAFF,
        required=("emergency", "link"),
    ),
    "unreachable": Message(
        name=_("Could not be reached"),
        sent=_("When a request is closed because the patient could not be reached."),
        subject=_("We could not reach you about your request {reference}"),
        text=_(
            "Hello {first_name},\n\n"
            "We tried to reach you and could not. Your request is closed for now.\n\n"
            "If you still want an appointment, please contact us. We open your request again.\n"
            "Our phone: {phone}. Your reference is {reference}.\n\n"
            "In an emergency, call {emergency} or go to the nearest emergency department now.\n\n"
            "Your private page:\n"
            "{link}\n\n"
            "{clinic}"
        ),
        allowed=_BY_STAFF,
        required=("link",),
    ),
    "withdrawn": Message(
        name=_("Withdrawn"),
        sent=_("When a request was withdrawn, as a confirmation."),
        subject=_("Your request {reference} is withdrawn"),
        text=_(
            "Your request is withdrawn. We do not contact you about it any more.\n\n"
            "If that is not right, please call us: {phone}. Your reference is {reference}.\n\n"
            "Your private page:\n"
            "{link}\n\n"
            "{clinic}"
        ),
        allowed=_ALWAYS,
        required=("link",),
    ),
    "opened_again": Message(
        name=_("Opened again"),
        sent=_("When a closed request is opened again."),
        subject=_("Your request {reference} is open again"),
        text=_(
            "Hello {first_name},\n\n"
            "Your request is open again. We contact you to agree on a time.\n\n"
            "See where it stands:\n"
            "{link}\n\n"
            "If you would rather call: {phone}. Your reference is {reference}.\n\n"
            "{clinic}"
        ),
        allowed=_BY_STAFF,
        required=("link",),
    ),
    "whatsapp_opening": Message(
        name=_("Opening of a WhatsApp chat"),
        sent=_(
            "Stands ready when staff open a chat, and is sent by their hand. Others may read it: it says "
            "nothing about health."
        ),
        text=_("Hello, this is {sender}, about your request {reference}. When may we call you?"),
        allowed=("reference", "sender", "phone"),
        required=("reference",),
    ),
    "sms_reminder": Message(
        name=_("Reminder by SMS or WhatsApp"),
        sent=_(
            "The day before the appointment, by the hand of staff. Others may read it: it says nothing "
            "about health."
        ),
        text=_(
            "A reminder from {sender}: your appointment is on {when}. Your reference is {reference}.\n"
            "If you cannot come, please call us: {phone}."
        ),
        allowed=("reference", "sender", "when", "phone"),
        required=("reference", "when"),
    ),
    "new_request": Message(
        name=_("To staff: a new request"),
        sent=_("When a request has come in, to the addresses of the staff."),
        subject=_("New request {reference}"),
        text=_("A new request has come in: {reference}\n\n{desk}"),
        allowed=("reference", "desk"),
        required=("reference", "desk"),
        for_staff=True,
    ),
    "patient_wrote": Message(
        name=_("To staff: the patient has done something"),
        sent=_("When a patient changes something on the private page, to the addresses of the staff."),
        subject=_("{reference}: something from the patient"),
        text=_("{reference}: {what}\n\n{desk}"),
        allowed=("reference", "what", "desk"),
        required=("reference", "what", "desk"),
        for_staff=True,
    ),
    "no_more_notices": Message(
        name=_("To staff: very many notices"),
        sent=_("In place of the last notice that is sent within an hour, when there are too many."),
        subject=_("Very many messages: please look at the queue"),
        text=_(
            "Very many messages have come in. For up to an hour this mail is the last one: nothing is "
            "lost, but what comes next is only to be seen in the queue.\n\n"
            "{desk}"
        ),
        allowed=("desk",),
        required=("desk",),
        for_staff=True,
    ),
}

# The kinds of what goes to staff: whatever else is about a request was written to its patient.
FOR_STAFF = frozenset(kind for kind, message in SHIPPED.items() if message.for_staff)
