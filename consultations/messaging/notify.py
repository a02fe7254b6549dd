"""Queues messages to patients and staff, in the transaction of the change they report.

A failed notification never rolls back the change: it becomes an event of the request. Nothing is sent about
a request that was set aside as spam or erased.
"""

import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, override

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core import email_addresses
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.email import reply_address
from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.queue import Attachment
from consultations import icalendar, private_links, workflow
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import KINDS, LIMITED_KINDS, OBSOLETE
from consultations.messaging.context import MessageContext, place
from consultations.models import Appointment, ConsultationRequest, Event, MessageText
from consultations.workflow import Status

logger = logging.getLogger(__name__)

# A flood of requests must not become a flood of mail: neither to the staff, whose queue shows every request
# anyway, nor to strangers whose addresses are typed into the form. Queued messages are counted in the same
# transaction, so that what is rolled back does not count; two at the same moment may both pass.
MAX_STAFF_NOTICES_PER_HOUR = 60  # of each kind, to each address
MAX_LIMITED_MAILS_PER_DAY = 5  # of each limited kind, to each address
# More than a clinic gets requests by email in an hour. The patient's page confirms the request in any case,
# and the timeline shows staff that no mail did.
MAX_LIMITED_MAILS_PER_HOUR = 30  # of the limited kinds, to all addresses
# Staff call when a mail has waited for longer than this.
MAIL_IS_LATE_AFTER = timedelta(hours=1)

ACTIVITIES = {
    "withdrawn": gettext_noop("The patient has withdrawn the request."),
    "phone": gettext_noop("The patient has corrected the phone number."),
    "note": gettext_noop("The patient has added a note."),
    "attachment": gettext_noop("The patient has added a photograph or a report."),
    "time agreed": gettext_noop("The patient has agreed to the time."),
    "other time": gettext_noop("The patient has asked for another time."),
}


def has_deliverable_email(request: ConsultationRequest) -> bool:
    """Return False if no mail can go to the patient: then staff have to call."""
    return bool(request.email) and settings.MAIL_DELIVERY != "off"


def notify(kind: str, request: ConsultationRequest, **options: Any) -> None:
    """Queue a message as ``queue_message`` does; on failure, record an event instead.

    Only ``DatabaseError`` is raised: then the whole transaction is retried.
    """
    try:
        with transaction.atomic():
            queue_message(kind, request, **options)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("message could not be queued", extra={"data": {"message": kind}})
        _record_not_sent(request, kind)


def notify_staff_of_activity(request: ConsultationRequest, activity: str) -> None:
    """Mark a request as unread and tell staff what the patient did: one of ``ACTIVITIES``."""
    ConsultationRequest.objects.filter(unread_since=None, pk=request.pk).update(unread_since=timezone.now())
    notify("patient_activity", request, activity=activity)


def notify_status_change(request: ConsultationRequest, was: str) -> None:
    """Supersede the messages that are no longer true, and tell the patient of some statuses."""
    status = Status(request.status)
    if status == Status.WITHDRAWN and was in workflow.MARKED:
        return  # staff took back a mark: the patient knows of the withdrawal
    if status not in (Status.PROPOSED, Status.CONFIRMED):
        still_true: set[str] = set()
        if status in workflow.WAITING:
            still_true = {"reopened"}
        elif status in workflow.MARKED:
            still_true = {"withdrawn"}
        mail_queue.supersede(request.reference, OBSOLETE - still_true)
    if status == Status.CONTACTING and was in workflow.CLOSED:
        notify("reopened", request)
    elif status in (Status.DECLINED, Status.UNREACHABLE, Status.WITHDRAWN):
        notify(status.value, request)


def queue_message(
    kind: str,
    request: ConsultationRequest,
    *,
    appointment: Appointment | None = None,
    token: str = "",
    activity: str = "",
    by_staff: bool = False,
) -> None:
    """Queue a message of the catalogue about a request, and supersede those that it makes obsolete.

    ``token`` opens the private page; without it the patient's mail gets a link of its own. ``activity`` is
    one of ``ACTIVITIES``. ``by_staff`` lifts the hourly limit.
    """
    message = KINDS[kind]
    if message.supersedes:
        mail_queue.supersede(request.reference, message.supersedes)
    if request.erased_at is not None or request.status in workflow.SET_ASIDE:
        return
    if message.for_staff:
        _queue_to_staff(kind, request, activity)
        return
    if not request.email or (message.is_limited and _is_over_limit(kind, request, by_staff=by_staff)):
        return
    template = message_templates.template_for(kind, request.language)
    with override(template.language):
        link = private_links.address_of(token) if token else private_links.new_link(request)
        attachments = []
        if appointment and message.calendar:
            attachments.append(_calendar_entry(appointment, message.calendar))
    context = MessageContext(request, appointment, link)
    _queue(request.email, kind, template, context, attachments, request.phone)


def _is_over_limit(kind: str, request: ConsultationRequest, *, by_staff: bool) -> bool:
    if _queued_since(timedelta(days=1), kind, request.email) >= MAX_LIMITED_MAILS_PER_DAY:
        return True
    recent = OutgoingMessage.objects.filter(
        created_at__gte=timezone.now() - timedelta(hours=1), kind__in=LIMITED_KINDS
    )
    if by_staff or recent.count() < MAX_LIMITED_MAILS_PER_HOUR:
        return False
    _record_not_sent(request, kind)
    return True


def _queue_to_staff(kind: str, request: ConsultationRequest, activity: str) -> None:
    language = settings.LANGUAGE_CODE
    with override(language):
        sentence = _(ACTIVITIES[activity]) if activity else ""
    for address in settings.STAFF_MAIL:
        text_of, link = kind, _admin_url("change", request.pk)
        count = _queued_since(timedelta(hours=1), kind, address)
        if count >= MAX_STAFF_NOTICES_PER_HOUR:
            continue
        if count == MAX_STAFF_NOTICES_PER_HOUR - 1:
            # Stored under the kind that it ends, as the last one of its hour.
            text_of, link = "notices_paused", _admin_url("changelist")
        context = MessageContext(request, link=link, activity=sentence)
        _queue(address, kind, message_templates.template_for(text_of, language), context)


def _queue(
    to: str,
    kind: str,
    template: message_templates.MessageTemplate,
    context: MessageContext,
    attachments: Sequence[Attachment] = (),
    phone_for_staff: str = "",
) -> None:
    rendered = message_templates.render(template, context)
    if template.unusable:
        MessageText.objects.filter(pk=template.unusable.pk, broken_at=None).update(broken_at=timezone.now())
    mail_queue.queue(
        to,
        rendered.subject,
        rendered.text,
        rendered.html,
        kind=kind,
        about=context.request.reference,
        attachments=attachments,
        phone_for_staff=phone_for_staff,
    )


def _record_not_sent(request: ConsultationRequest, kind: str) -> None:
    Event.objects.create(
        request=request, kind=Event.Kind.NOTIFICATION_NOT_SENT, at=timezone.now(), detail={"message": kind}
    )


def _queued_since(period: timedelta, kind: str, address: str) -> int:
    """The number of messages of a kind queued to an address, however it was typed."""
    with suppress(ValueError):  # an impossible address is stored as it was typed
        address = email_addresses.deliverable(address)
    moment: datetime = timezone.now() - period
    return OutgoingMessage.objects.filter(created_at__gte=moment, kind=kind, to__iexact=address).count()


def _calendar_entry(appointment: Appointment, method: icalendar.Method) -> Attachment:
    """The appointment as an invitation or its cancellation: always the one calendar entry of its request."""
    request = appointment.request
    try:
        attendee = email_addresses.deliverable(request.email)
    except ValueError:
        attendee = ""  # the mail will not be sent either
    content = icalendar.event(
        uid=f"{request.reference}@{urlsplit(settings.SITE_URL).hostname}",
        sequence=appointment.sequence,
        start=appointment.starts_at,
        end=appointment.ends_at,
        summary=_("Appointment %(reference)s") % {"reference": request.reference},
        location=place(ClinicProfile.current()),
        method=method,
        organizer=reply_address()[1],
        attendee=attendee,
        stamp=appointment.state_changed_at,
    )
    return icalendar.attachment("appointment.ics", content, method)


def _admin_url(view: str, *args: int) -> str:
    return str(settings.SITE_URL) + reverse(f"admin:consultations_consultationrequest_{view}", args=args)
