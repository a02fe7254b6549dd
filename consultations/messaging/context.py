"""The values of the placeholders in messages."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.http.languages import active_language
from clinic_site.core.templatetags.formatting import clock, isolate
from clinic_site.core.text import FIRST_STRONG, LEFT_TO_RIGHT, plain_line
from consultations.answers import Channel, YesNo
from consultations.messaging.rendering import Value
from consultations.models import Appointment, ConsultationRequest

EMERGENCY_NUMBER = "1122"
MAX_WORD_CHARS = 30
# Part of names, although not letters. The last two join and separate letters in Urdu.
_NAME_MARKS = frozenset("'’-\u200c\u200d")


@dataclass(frozen=True)
class MessageContext:
    """The subject of a message. ``link`` is the private page for patients, the desk for staff.

    ``references`` are those of a digest, ``send_at`` is when the message is to be sent, if not now.
    """

    request: ConsultationRequest
    appointment: Appointment | None = None
    link: str = ""
    activity: str = ""
    references: tuple[str, ...] = ()
    send_at: datetime | None = None

    @cached_property
    def choices(self) -> "list[Appointment]":
        """The appointment or, while it is offered, all times to choose from."""
        appointment = self.appointment
        if appointment is None or appointment.pk is None or appointment.state not in Appointment.ON_OFFER:
            return [appointment] if appointment else []
        return list(appointment.request.appointments.filter(state__in=Appointment.ON_OFFER)) or [appointment]

    @cached_property
    def clinic(self) -> ClinicProfile | None:
        return ClinicProfile.current()


def values_for(names: Iterable[str], context: MessageContext) -> dict[str, Value]:
    """The values of these placeholders, in the active language."""
    return {name: _VALUES[name](context) for name in names}


def greeting_name(request: ConsultationRequest) -> str:
    """The full name of the person who asked; "" unless every word of it is plausible.

    No part of it is guessed to be a first name: "Dr Ayesha Khan" is not "Dr". A word with a digit, a slash or
    a dot inside could be an address, of which mail programs make a link: the form would send it to strangers
    in the clinic's name.
    """
    name = plain_line(request.contact_name)
    words = name.split()
    is_name = max(map(len, words), default=0) <= MAX_WORD_CHARS and all(
        unicodedata.category(character)[0] in "LM" or character in _NAME_MARKS
        for word in words
        for character in word.removesuffix(".")
    )
    return name if is_name else ""


def calendar_summary(request: ConsultationRequest) -> str:
    return _("Appointment %(reference)s") % {"reference": isolate(request.reference)}


def place(clinic: ClinicProfile | None) -> str:
    """The clinic's name and address on one line; "" before staff have entered them."""
    if clinic is None:
        return ""
    return _(", ").join(filter(None, [clinic.name, *clinic.address_lines, clinic.city]))


def when(appointment: Appointment | None, *, abroad: bool = False) -> str:
    """Monday 23 November, 5:30 pm, in the clinic's time zone."""
    return moment_in_words(appointment.starts_at, abroad=abroad) if appointment else ""


def moment_in_words(at: datetime, *, abroad: bool = False) -> str:
    """Format a time, with the year where it is not this one.

    For a reader ``abroad``: 5:30 pm Pakistan time, Monday 23 November.
    """
    clinic_zone = timezone.get_default_timezone()
    local, now = timezone.localtime(at, clinic_zone), timezone.localtime(timezone=clinic_zone)
    words = {
        "day": date_format(local, "l j F" if local.year == now.year else "l j F Y"),
        "time": clock(local),
    }
    return (_("%(time)s Pakistan time, %(day)s") if abroad else _("%(day)s, %(time)s")) % words


def _phone(context: MessageContext) -> Value:
    clinic = context.clinic
    return (
        Value(clinic.phone, f"tel:{clinic.phone_e164}", LEFT_TO_RIGHT)
        if clinic and clinic.phone
        else Value("")
    )


def _sender(context: MessageContext) -> Value:
    # Another person may hold the phone. No answer is not consent.
    may_identify = context.request.may_identify_clinic == YesNo.YES
    name = context.clinic.name if may_identify and context.clinic else _("the office you contacted")
    return Value(name, mark=FIRST_STRONG)


def _promise(context: MessageContext) -> Value:
    request = context.request
    if request.channel != Channel.WEBSITE:
        return Value(_("to set a time"))  # staff have spoken with the patient, and promised no call
    promised = (
        business_hours.by_moment(request.promised_by, now=context.send_at, abroad=request.is_abroad)
        if request.promised_by
        else business_hours.promise_sentence(request.created_at, clinic=context.clinic)
    )
    return Value(promised or _("to set a time"))


_VALUES: dict[str, Callable[[MessageContext], Value]] = {
    "reference": lambda context: Value(context.request.reference, mark=LEFT_TO_RIGHT),
    "references": lambda context: Value("\n".join(context.references), mark=LEFT_TO_RIGHT),
    "name": lambda context: Value(greeting_name(context.request), mark=FIRST_STRONG),
    "when": lambda context: Value(
        "\n".join(when(each, abroad=context.request.is_abroad) for each in context.choices)
    ),
    "until": lambda context: Value(
        "".join(
            moment_in_words(each.held_until, abroad=context.request.is_abroad)
            for each in context.choices[:1]
            if each.held_until
        )
    ),
    "practitioner": lambda context: Value(
        context.appointment.practitioner.in_language(active_language()).name if context.appointment else "",
        mark=FIRST_STRONG,
    ),
    "place": lambda context: Value(place(context.clinic), mark=FIRST_STRONG),
    # A web address stands on a line of its own: a mark at its end could become part of the link.
    "link": lambda context: Value(context.link, context.link),
    "desk": lambda context: Value(context.link, context.link),
    "phone": _phone,
    "clinic": lambda context: Value(context.clinic.name if context.clinic else "", mark=FIRST_STRONG),
    "sender": _sender,
    "promise": _promise,
    "emergency": lambda context: Value(EMERGENCY_NUMBER, f"tel:{EMERGENCY_NUMBER}", LEFT_TO_RIGHT),
    "activity": lambda context: Value(context.activity),
}
