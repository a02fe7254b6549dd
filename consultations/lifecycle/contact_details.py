"""Corrections of a patient's details by the patient or the staff, and wrong numbers."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from clinic_site.accounts.models import User
from clinic_site.mail import queue as mail_queue
from consultations.answers import ContactMethod, YesNo
from consultations.lifecycle.errors import NotAllowedError
from consultations.lifecycle.optimistic_locking import lock, require_version
from consultations.lifecycle.staff_actions import Outcome
from consultations.models import ConsultationRequest, Event, Note, SearchTerm
from consultations.models.search_terms import terms_of

# The fields that can be corrected. Only the patient changes the contact method.
FIELDS = (
    *("phone", "phone_as_typed", "phone_extension", "phone_is_shared", "may_identify_clinic"),
    *("email", "contact_method"),
)
CORRECTIONS = (Event.Kind.CONTACT_DETAILS_CHANGED, Event.Kind.CONTACT_DETAILS_CORRECTED)
# What only staff correct: misheard or mistyped.
PATIENT_FIELDS = ("patient_name", "patient_age", "city", "about")
# Columns that belong to the answer in another.
PARTS = {
    "phone": ("phone_as_typed",),
    "phone_extension": ("phone", "phone_as_typed"),
    "patient_age": ("age_as_typed",),
    "about": ("procedure_name", "procedure_id"),
}
# What else the patient may change on the private page.
PREFERENCES = ("speaks", "speaks_other", "days", "parts_of_day")
# Events that say whether a number is right.
NUMBER_EVENTS = (*CORRECTIONS, Event.Kind.CONTACTED)
# The note that keeps the former value of a field.
NOTES = {
    "patient_name": gettext_noop("Patient’s name: now %(now)s, before %(was)s"),
    "patient_age": gettext_noop("Age: now %(now)s, before %(was)s"),
    "city": gettext_noop("City or town: now %(now)s, before %(was)s"),
    "about": gettext_noop("About: now %(now)s, before %(was)s"),
    "phone": gettext_noop("Phone number: now %(now)s, before %(was)s"),
    "phone_extension": gettext_noop("Extension: now %(now)s, before %(was)s"),
    "phone_is_shared": gettext_noop("Others use this phone: now %(now)s, before %(was)s"),
    "may_identify_clinic": gettext_noop("May we say who we are: now %(now)s, before %(was)s"),
    "email": gettext_noop("Email: now %(now)s, before %(was)s"),
    "contact_method": gettext_noop("Way of contact: now %(now)s, before %(was)s"),
    "speaks": gettext_noop("Language: now %(now)s, before %(was)s"),
    "speaks_other": gettext_noop("Name of the language: now %(now)s, before %(was)s"),
    "days": gettext_noop("Good days: now %(now)s, before %(was)s"),
    "parts_of_day": gettext_noop("Good times of day: now %(now)s, before %(was)s"),
}


def changed_fields(request: ConsultationRequest, to: Mapping[str, Any]) -> list[str]:
    """Return which of the fields in ``NOTES`` would change. Numbers compare as E.164, not as typed."""
    compared = {"patient_age": ("patient_age", "age_as_typed"), "about": ("about", "procedure_name")}
    return [
        name
        for name in NOTES
        if name in to and any(getattr(request, each) != to[each] for each in compared.get(name, (name,)))
    ]


def was_corrected_separately(request: ConsultationRequest) -> bool:
    """Whether they were corrected on the private page or by the staff, and not in the request form."""
    return any(
        event.kind == Event.Kind.CONTACT_DETAILS_CHANGED or (event.actor_id and event.detail.get("what"))
        for event in request.events.filter(kind__in=CORRECTIONS)
    )


def correct(locked: ConsultationRequest, to: Mapping[str, Any], *, author: User | None) -> list[str]:
    """Save changed details on a locked request, update its search terms, and return the field names.

    ``to`` maps names of ``FIELDS``, ``PREFERENCES`` and ``PATIENT_FIELDS``, with their parts, to new values.
    The former values stay readable as a note; ``author`` is None for the patient. The caller writes the
    event.

    Raises ``NotAllowedError`` if the chosen contact method would have no number or address.
    """
    after = {name: to.get(name, getattr(locked, name)) for name in FIELDS}
    if not after["phone"] or (after["contact_method"] == ContactMethod.EMAIL and not after["email"]):
        raise NotAllowedError("no contact details")
    changed = changed_fields(locked, to)
    if not changed:
        return []
    found_before = terms_of(locked.reference, locked)
    parts = {part for name in changed for part in PARTS.get(name, ())}
    written = [name for name in to if name in changed or name in parts]
    with override(settings.LANGUAGE_CODE):  # notes are for staff, whichever language the patient reads
        was = {name: _readable(locked, name) for name in changed}
        for name in written:
            setattr(locked, name, to[name])
        lines = [_(NOTES[name]) % {"now": _readable(locked, name), "was": was[name]} for name in changed]
    Note.objects.create(request=locked, author=author, text="\n".join(lines), at=timezone.now())
    locked.save(update_fields=written)
    # Other terms stay, such as a name in answers that were sent later.
    terms = terms_of(locked.reference, locked)
    SearchTerm.objects.filter(request=locked, term__in=found_before - terms).delete()
    SearchTerm.objects.bulk_create(
        [SearchTerm(request=locked, term=term) for term in sorted(terms - found_before)],
        ignore_conflicts=True,
    )
    if "phone" in changed:
        mail_queue.correct_phone(locked.reference, locked.phone)
    return changed


def correct_by_staff(
    consultation: ConsultationRequest,
    to: Mapping[str, Any],
    *,
    actor: User,
    version: int,
    is_right: bool = False,
    kind: Event.Kind = Event.Kind.CONTACT_DETAILS_CORRECTED,
) -> bool:
    """Correct details, and record an event of this kind. Returns False if they were the same already.

    ``is_right`` withdraws an earlier "wrong number". The event names the changed fields, never their values.
    """
    with transaction.atomic():
        locked = lock(consultation)
        is_right = is_right and wrong_since(locked, locked.events.all()) is not None
        if not is_right and not changed_fields(locked, to):
            return False
        require_version(locked, version)
        Event.objects.create(
            request=locked,
            kind=kind,
            actor=actor,
            at=timezone.now(),
            detail={"what": correct(locked, to, author=actor)} | ({"is_right": True} if is_right else {}),
        )
    return True


def wrong_since(request: ConsultationRequest, events: Iterable[Event]) -> datetime | None:
    """Return when a number was found to be wrong; None if none was, or it was corrected since.

    ``events`` are those of the request, the oldest first; only ``NUMBER_EVENTS`` matter.
    """
    since = None
    for event in events:
        detail: Mapping[str, Any] = event.detail if isinstance(event.detail, dict) else {}
        if event.kind == Event.Kind.CONTACTED and detail.get("outcome") == Outcome.WRONG_NUMBER:
            since = event.at
        elif detail.get("is_right") or {"phone", "phone_extension"} & set(detail.get("what", [])):
            since = None
    return since


def _readable(request: ConsultationRequest, name: str) -> str:
    if name == "phone_is_shared":
        return str(YesNo.YES.label if request.phone_is_shared else YesNo.NO.label)
    return (request.speaks_other if name == "speaks_other" else request.answer_in_words(name)) or _("none")
