"""One named function for each message that a request sends.

Each is called in the transaction that stores what it tells of, and does nothing but queue, or note that
it did not: rolled back, there is no message and no link. Nothing is ever said about a request that was
set aside as spam or erased. What the messages say is in ``texts``.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import parseaddr
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core import email_addresses
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.queue import Attachment
from consultations import icalendar, private_links, workflow
from consultations.messaging import templates as message_templates
from consultations.messaging.context import Told, place
from consultations.models import Appointment, ConsultationRequest, Event
from consultations.workflow import Status

# A flood of requests costs a row each, and must not become a flood of mail: neither to the staff, who
# would no longer see what matters (the queue shows every request in any case), nor to whoever's address
# somebody types into the form again and again. What was queued is counted, in the same transaction: a
# counter of its own would have to be written outside it, and would count what was rolled back. Two
# transactions at the same moment may both pass; one mail more does no harm.
NOTICES_AN_HOUR = 60  # of each kind, to each address of the staff
MAILS_A_DAY = 5  # to one address, of each kind that no hand of the staff sends
# Of these kinds, to all addresses together: more than a clinic has requests by email in an hour, too few to
# write to strangers in our name. The patient's page confirms the request all the same; and that no mail did,
# staff read in its timeline.
MAILS_AN_HOUR = 30
_SENT_BY_FORM = frozenset({"acknowledgement", "withdrawn"})

# What a patient does on the private page, as staff are told.
DONE = {
    "withdrawn": gettext_noop("The patient has withdrawn the request."),
    "phone": gettext_noop("The patient has corrected the phone number."),
    "note": gettext_noop("The patient has added a note."),
    "photograph": gettext_noop("The patient has added a photograph or a report."),
    "time agreed": gettext_noop("The patient has agreed to the time."),
    "other time": gettext_noop("The patient has asked for another time."),
}
DONE_OTHERWISE = gettext_noop("The patient has written.")

# Which new statuses a patient is told of. Times are told of by the functions for appointments.
_TOLD_OF = {
    Status.DECLINED: "declined",
    Status.UNREACHABLE: "unreachable",
    Status.WITHDRAWN: "withdrawn",
}


# What is moot once something newer stands: another time, an end, or a new beginning. Not a cancellation:
# it says what is true and takes a time out of the patient's calendar, as only another agreed time does too.
_OF_A_TIME = frozenset({"time_offered", "time_agreed", "reminder"})
_MOOT = _OF_A_TIME | {"opened_again", *_TOLD_OF.values()}

# Of these, what is still true with a new status: that it is open again; whatever became of a visit, that it
# is withdrawn.
_STILL_TRUE = {
    **dict.fromkeys(workflow.WAITING, frozenset({"opened_again"})),
    **dict.fromkeys(workflow.MARKED, frozenset({"withdrawn"})),
}

# With these, what was told last of a time is still true. Anywhere else no time is offered or agreed any more.
_WITH_A_TIME = frozenset({Status.PROPOSED, Status.CONFIRMED})


# To the patient


def received(request: ConsultationRequest, token: str) -> None:
    """The request has come in. ``token`` opens its private page; the link in this mail is that one."""
    _tell_patient("acknowledgement", request, link=lambda: private_links.address_of(token))


def let_in(request: ConsultationRequest) -> None:
    """What was set aside as spam is a patient's request: it is acknowledged now, with a link of its own."""
    _tell_patient("acknowledgement", request, by_staff=True)


def time_offered(appointment: Appointment) -> None:
    """The clinic offers a time, and asks for an answer."""
    mail_queue.supersede(appointment.request.reference, _MOOT)
    _tell_patient("time_offered", appointment.request, appointment)


def time_agreed(appointment: Appointment) -> None:
    """A time is agreed; a calendar entry comes with the mail."""
    mail_queue.supersede(appointment.request.reference, _MOOT | {"time_cancelled"})
    _tell_patient("time_agreed", appointment.request, appointment, calendar="REQUEST")


def time_cancelled(appointment: Appointment) -> None:
    """An agreed time is given up, and its calendar entry with it. Its ``sequence`` counts this already."""
    mail_queue.supersede(appointment.request.reference, _MOOT)
    _tell_patient("time_cancelled", appointment.request, appointment, calendar="CANCEL")


def take_back(appointment: Appointment) -> None:
    """A time is given back, whether or not the patient is told: what still waits does not speak of it."""
    mail_queue.supersede(appointment.request.reference, _OF_A_TIME)


def reminder(appointment: Appointment) -> None:
    """The appointment is tomorrow."""
    _tell_patient("reminder", appointment.request, appointment)


def status_changed(request: ConsultationRequest, was: str) -> None:
    """The request has another status than ``was``. Most of them say nothing to the patient."""
    status = Status(request.status)
    if status == Status.WITHDRAWN and was in workflow.MARKED:
        return  # a mark was taken back: what was told of the withdrawal stands
    if status not in _WITH_A_TIME:
        mail_queue.supersede(request.reference, _MOOT - _STILL_TRUE.get(status, frozenset()))
    if status == Status.CONTACTING and was in workflow.CLOSED:
        _tell_patient("opened_again", request)
    elif status in _TOLD_OF:
        _tell_patient(_TOLD_OF[status], request)


# To the staff: a reference and a link, and nothing else


def new_request(request: ConsultationRequest) -> None:
    """A request has come in."""
    _tell_staff("new_request", request)


def patient_wrote(request: ConsultationRequest, what: str) -> None:
    """The patient did something on the private page: ``what`` is one of ``DONE``."""
    with override(settings.LANGUAGE_CODE):
        _tell_staff("patient_wrote", request, _(DONE.get(what, DONE_OTHERWISE)))


# How


def _tell_patient(
    kind: str,
    request: ConsultationRequest,
    appointment: Appointment | None = None,
    *,
    calendar: icalendar.Method | None = None,
    link: Callable[[], str] | None = None,
    by_staff: bool = False,
) -> None:
    if not (request.email and _may_be_told_of(request)):
        return
    if kind in _SENT_BY_FORM and _told_since(_ago(days=1), kind, request.email) >= MAILS_A_DAY:
        return
    if kind in _SENT_BY_FORM and not by_staff and _sent_by_form_this_hour() >= MAILS_AN_HOUR:
        Event.objects.create(
            request=request,
            kind=Event.Kind.NOTIFICATION_NOT_SENT,
            at=timezone.now(),
            detail={"message": kind},
        )
        return
    words = message_templates.wording(kind, request.language)
    with override(words.language):
        address = link() if link else private_links.new_link(request)
        attachments = [_calendar_entry(appointment, calendar)] if appointment and calendar else []
    _queue(request.email, kind, words, Told(request, appointment, address), attachments, request.phone)


def _tell_staff(kind: str, request: ConsultationRequest, what: str = "") -> None:
    if not _may_be_told_of(request):
        return
    for address in settings.STAFF_MAIL:
        told = _told_since(_ago(hours=1), kind, address)
        if told < NOTICES_AN_HOUR - 1:
            words = message_templates.wording(kind, settings.LANGUAGE_CODE)
            desk = _staff_address("change", request.pk)
            _queue(address, kind, words, Told(request, link=desk, what=what))
        elif told < NOTICES_AN_HOUR:
            _say_that_there_are_too_many(address, kind, request)


def _say_that_there_are_too_many(address: str, kind: str, request: ConsultationRequest) -> None:
    # It counts as one of its kind, and so is the last of the hour.
    words = message_templates.wording("no_more_notices", settings.LANGUAGE_CODE)
    told = Told(request, link=_staff_address("changelist"))
    _queue(address, kind, words, told, wording_of="no_more_notices")


def _queue(
    to: str,
    kind: str,
    words: message_templates.Wording,
    told: Told,
    attachments: Sequence[Attachment] = (),
    phone_for_staff: str = "",
    wording_of: str = "",
) -> None:
    written = message_templates.write(wording_of or kind, words, told)
    if words.unusable:
        message_templates.mark_unusable(words.unusable, timezone.now())
    mail_queue.queue(
        to,
        written.subject,
        written.text,
        written.html,
        kind=kind,
        about=told.request.reference,
        attachments=attachments,
        phone_for_staff=phone_for_staff,
    )


def _may_be_told_of(request: ConsultationRequest) -> bool:
    return request.erased_at is None and request.status not in workflow.SET_ASIDE


def _told_since(moment: datetime, kind: str, address: str) -> int:
    """How many messages of a kind were queued to an address since then, however its letters are written."""
    with suppress(ValueError):  # what is no address is stored as it was typed
        address = email_addresses.deliverable(address)
    return OutgoingMessage.objects.filter(created_at__gte=moment, kind=kind, to__iexact=address).count()


def _sent_by_form_this_hour() -> int:
    return OutgoingMessage.objects.filter(created_at__gte=_ago(hours=1), kind__in=_SENT_BY_FORM).count()


def _ago(**period: int) -> datetime:
    return timezone.now() - timedelta(**period)


def _calendar_entry(appointment: Appointment, method: icalendar.Method) -> Attachment:
    """The appointment as an invitation, or as its cancelling: always the one entry of its request."""
    request = appointment.request
    try:
        attendee = email_addresses.deliverable(request.email)
    except ValueError:
        attendee = ""  # the mail goes nowhere either
    content = icalendar.event(
        uid=f"{request.reference}@{urlsplit(settings.SITE_URL).hostname}",
        sequence=appointment.sequence,
        start=appointment.starts_at,
        end=appointment.ends_at,
        summary=_("Appointment %(reference)s") % {"reference": request.reference},
        location=place(ClinicProfile.current()),
        method=method,
        organizer=parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        attendee=attendee,
        stamp=appointment.state_changed_at,
    )
    return icalendar.attachment("appointment.ics", content, method)


def _staff_address(view: str, *args: int) -> str:
    return str(settings.SITE_URL) + reverse(f"admin:consultations_consultationrequest_{view}", args=args)
