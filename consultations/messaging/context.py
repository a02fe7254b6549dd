"""What a message can tell of a request: one value for each placeholder."""

import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from clinic_site.clinic import business_hours
from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.templatetags.site_tags import clock
from clinic_site.core.text import plain_line
from consultations.answers import YesNo
from consultations.messaging.rendering import Value
from consultations.models import Appointment, ConsultationRequest

EMERGENCY_NUMBER = "1122"
LONGEST_NAME = 30
# Part of names, and not letters. The last two join letters in Urdu, or keep them apart.
_IN_NAMES = frozenset("'’-\u200c\u200d")


@dataclass(frozen=True)
class Told:
    """What a message is about. ``link`` is the private page for a patient, the desk for staff."""

    request: ConsultationRequest
    appointment: Appointment | None = None
    link: str = ""
    what: str = ""

    @cached_property
    def clinic(self) -> ClinicProfile | None:
        return ClinicProfile.current()


def values_for(names: Iterable[str], told: Told) -> dict[str, Value]:
    """The values of these placeholders, in the language that is active."""
    return {name: _VALUES[name](told) for name in names}


def first_name(request: ConsultationRequest) -> str:
    """The first word of the name of whoever wrote; "" if it is no word.

    A name is what anybody may type into a form: one with a digit, a dot or a slash could be an address,
    and mail programs make a link of it. Nothing of that kind goes out under the clinic's name.
    """
    words = plain_line(request.requester_name or request.patient_name).split()
    word = words[0] if words else ""
    is_name = len(word) <= LONGEST_NAME and all(_is_of_a_name(character) for character in word)
    return word if is_name else ""


def place(clinic: ClinicProfile | None) -> str:
    """The clinic's name and address on one line; "" while staff have not entered them."""
    if clinic is None:
        return ""
    return ", ".join(filter(None, [clinic.name, *clinic.address_lines, clinic.city]))


def when(appointment: Appointment | None) -> str:
    """Monday 23 November 2026, 5:30pm: by the clinic's clock."""
    if appointment is None:
        return ""
    local = timezone.localtime(appointment.starts_at, timezone.get_default_timezone())
    return _("%(day)s, %(time)s") % {"day": date_format(local, "l j F Y"), "time": clock(local)}


def _is_of_a_name(character: str) -> bool:
    return unicodedata.category(character)[0] in "LM" or character in _IN_NAMES


def _practitioner(told: Told) -> Value:
    return Value(told.appointment.practitioner.name if told.appointment else "")


def _phone(told: Told) -> Value:
    clinic = told.clinic
    return Value(clinic.phone, f"tel:{clinic.phone_e164}") if clinic and clinic.phone else Value("")


def _sender(told: Told) -> Value:
    # Somebody else may have the phone in hand. Who was never asked has not said yes.
    may_say = told.request.may_identify_clinic == YesNo.YES and told.clinic
    return Value(told.clinic.name if may_say and told.clinic else _("the office you wrote to"))


def _promise(told: Told) -> Value:
    request = told.request
    promised = (
        business_hours.by_moment(request.promised_by)
        if request.promised_by
        else business_hours.promise_sentence(request.created_at, clinic=told.clinic)
    )
    return Value(promised or _("to agree on a time"))


_VALUES: dict[str, Callable[[Told], Value]] = {
    "reference": lambda told: Value(told.request.reference),
    "first_name": lambda told: Value(first_name(told.request)),
    "when": lambda told: Value(when(told.appointment)),
    "practitioner": _practitioner,
    "place": lambda told: Value(place(told.clinic)),
    "link": lambda told: Value(told.link, told.link),
    "desk": lambda told: Value(told.link, told.link),
    "phone": _phone,
    "clinic": lambda told: Value(told.clinic.name if told.clinic else ""),
    "sender": _sender,
    "promise": _promise,
    "emergency": lambda told: Value(EMERGENCY_NUMBER, f"tel:{EMERGENCY_NUMBER}"),
    "what": lambda told: Value(told.what),
}
