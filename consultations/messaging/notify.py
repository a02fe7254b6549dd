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
from clinic_site.core.http import languages
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.email import reply_address
from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.queue import Attachment
from consultations import icalendar, private_links, workflow
from consultations.answers import RECENT_ONSETS
from consultations.messaging import templates as message_templates
from consultations.messaging.catalogue import DIGEST, KINDS, OBSOLETE
from consultations.messaging.context import MessageContext, calendar_summary, place
from consultations.models import Announcement, Appointment, ConsultationRequest, Event, MessageText
from consultations.workflow import Status

logger = logging.getLogger(__name__)

# A flood of requests must not become a flood of mail: neither to the staff, nor to strangers whose addresses
# are typed into the form. Queued messages are counted in the same transaction, so that what is rolled back
# does not count; two at the same moment may both pass. The hourly limits never apply to a request about a
# recent injury.
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MAX_STAFF_NOTICES_PER_HOUR = 60  # of each kind, to each address: then they are listed in digests
DIGEST_INTERVAL = timedelta(minutes=10)
MAX_LIMITED_MAILS_PER_DAY = 5  # of each limited kind, to each address
MAX_LIMITED_MAILS_PER_DAY_IF_RECENT = 20
# More than a clinic gets requests by email in an hour. The others are sent in the hours that follow.
MAX_LIMITED_MAILS_PER_HOUR = 30  # of each limited kind, to all addresses
# In one round of the mail worker, which then sends.
MAX_ANNOUNCED_AT_ONCE = 100
# Staff call when a mail has waited for longer than this.
MAIL_IS_LATE_AFTER = HOUR

ACTIVITIES = {
    "withdrawn": gettext_noop("The request was withdrawn."),
    "phone": gettext_noop("The phone number was corrected."),
    "contact": gettext_noop("The contact details were changed."),
    "link": gettext_noop("The private link was lost. A new one is needed."),
    "note": gettext_noop("A note was added."),
    "attachment": gettext_noop("A photo or a report was added."),
    "time agreed": gettext_noop("The offered time was accepted."),
    "other time": gettext_noop("Another time was requested."),
}


def has_deliverable_email(request: ConsultationRequest) -> bool:
    """Return False if no mail can go to the patient: then staff have to call."""
    return bool(request.email) and settings.MAIL_DELIVERY != "off"


def notify(kind: str, request: ConsultationRequest, **options: Any) -> None:
    """Queue a message as ``queue_message`` does; on failure, record an event instead.

    Only ``DatabaseError`` is raised: then the whole transaction is retried. Messages that it makes obsolete
    are superseded all the same.
    """
    try:
        queue_message(kind, request, **options)
    except DatabaseError:
        raise
    except Exception:
        logger.exception("message could not be queued", extra={"data": {"message": kind}})
        _record_not_sent(request, kind)


def announce_new_requests(**_signal: object) -> None:
    """Queue the acknowledgement and the notice to staff of each request that has come in.

    The mail worker calls it before it sends: patients who are sending a request do not wait for it.
    """
    for pk in ConsultationRequest.objects.unannounced().values_list("pk", flat=True)[:MAX_ANNOUNCED_AT_ONCE]:
        try:
            with transaction.atomic():
                # Locked: another worker that does the same has then announced it.
                locked = ConsultationRequest.objects.unannounced().select_for_update(of=("self",))
                if request := locked.filter(pk=pk).first():
                    announce(request)
        except DatabaseError:  # it is announced later, and does not keep the others waiting
            logger.exception("request could not be announced", extra={"data": {"request": pk}})


def announce(request: ConsultationRequest) -> None:
    """Queue the notice to staff, and the acknowledgement, unless it is queued or no longer true."""
    is_over_share = request.announcement == Announcement.LATER
    ConsultationRequest.objects.filter(pk=request.pk).update(announcement="")
    queued = OutgoingMessage.objects.filter(about=request.reference, kind="acknowledgement")
    if request.status in workflow.WAITING and not queued.exists():
        notify("acknowledgement", request, is_over_share=is_over_share)
    if request.status != Status.WITHDRAWN:  # staff know of the withdrawal already
        notify("new_request", request, is_over_share=is_over_share)


def require_announced() -> None:
    """Raise ``TimeoutError`` if a request has waited for hours to be announced: then no worker is running."""
    late = timezone.now() - mail_queue.WORKER_LATE_AFTER
    if ConsultationRequest.objects.unannounced().filter(created_at__lt=late).exists():
        raise TimeoutError("New requests are not announced: is `manage.py send_mail` running?")


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
            still_true = {"acknowledgement", "reopened"}
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
    activity: str = "",
    to: str = "",
    by_staff: bool = False,
    is_over_share: bool = False,
) -> None:
    """Queue a message of the catalogue about a request, and supersede those that it makes obsolete.

    A patient's mail gets a private link of its own. ``activity`` is one of ``ACTIVITIES``. ``to`` is an
    address other than the request's. ``by_staff`` lifts the hourly limit. ``is_over_share`` treats the limit
    as reached, because the sender's network has caused many messages in this hour.
    """
    message = KINDS[kind]
    if message.supersedes:
        mail_queue.supersede(request.reference, message.supersedes)
    if request.erased_at is not None or request.status in workflow.SET_ASIDE:
        return
    if message.for_staff:
        _queue_to_staff(kind, request, activity, is_over_share=is_over_share)
        return
    address = to or request.email
    if not address:
        return
    send_at = None
    if message.is_limited:
        send_at = _send_limited_at(kind, request, address, by_staff=by_staff, is_over_share=is_over_share)
        if send_at is None:
            _record_not_sent(request, kind)
            return
    template = message_templates.template_for(kind, request.language)
    with override(languages.known(request.language)):
        link = private_links.new_link(request) if "link" in message.placeholders else ""
        attachments = []
        if appointment and message.calendar:
            content = calendar_entry(appointment, message.calendar)
            attachments.append(icalendar.attachment("appointment.ics", content, message.calendar))
    context = MessageContext(request, appointment, link, send_at=send_at)
    _queue(address, kind, template, context, attachments, request.phone)


def _send_limited_at(
    kind: str, request: ConsultationRequest, address: str, *, by_staff: bool, is_over_share: bool
) -> datetime | None:
    """Return when a mail that the form causes may be sent; None if that would be too often, or too late.

    Each hour after this one takes as many as a whole hour may have. Those of an earlier hour do not count
    against the mails of now, so a flood delays only what it has caused itself.
    """
    now = timezone.now()
    is_recent = request.is_recent(now)
    per_day = MAX_LIMITED_MAILS_PER_DAY_IF_RECENT if is_recent else MAX_LIMITED_MAILS_PER_DAY
    if _has_queued(per_day, DAY, kind, address):
        return None
    if by_staff or is_recent:
        return now
    # A day before it is given up, a mail is to be sent for the first time.
    of_kind = OutgoingMessage.objects.filter(kind=kind)
    recent = ConsultationRequest.objects.filter(created_at__gt=now - HOUR, onset__in=RECENT_ONSETS)
    counted = of_kind.filter(
        give_up_at__gt=now - HOUR + mail_queue.RETRY_PERIOD, give_up_at__lte=now + mail_queue.RETRY_PERIOD
    ).exclude(about__in=recent.values("reference"))
    if not is_over_share and counted.count() < MAX_LIMITED_MAILS_PER_HOUR:
        return now
    last = of_kind.order_by("-give_up_at").values_list("give_up_at", flat=True)
    full_until = last[MAX_LIMITED_MAILS_PER_HOUR - 1 : MAX_LIMITED_MAILS_PER_HOUR].first()
    send_at = max(now, full_until - mail_queue.RETRY_PERIOD if full_until else now) + HOUR
    return send_at if send_at < (request.promised_by or now + DAY) else None


def _queue_to_staff(kind: str, request: ConsultationRequest, activity: str, *, is_over_share: bool) -> None:
    language, now = settings.LANGUAGE_CODE, timezone.now()
    with override(language):
        sentence = _(ACTIVITIES[activity]) if activity else ""
    may_be_listed = not request.is_recent(now)
    for address in settings.STAFF_MAIL:
        if may_be_listed and (is_over_share or _has_queued(MAX_STAFF_NOTICES_PER_HOUR, HOUR, kind, address)):
            # A digest of its own, unless ``queue_digests`` makes it part of another before it is sent.
            sent_as = DIGEST
            context = MessageContext(
                request,
                link=_admin_url("changelist"),
                references=(request.reference,),
                send_at=now + 2 * DIGEST_INTERVAL,
            )
        else:
            sent_as = kind
            context = MessageContext(request, link=_admin_url("change", request.pk), activity=sentence)
        _queue(address, sent_as, message_templates.template_for(sent_as, language), context)


def queue_digests(**_signal: object) -> None:
    """Replace the notices that wait for a digest by one digest to each address, at most every ten minutes.

    The mail worker calls it before it sends. While it cannot be called, or fails, each notice is sent by
    itself when its time has come: nothing is lost.
    """
    digests = OutgoingMessage.objects.filter(kind=DIGEST)
    waiting = digests.waiting().filter(attempts=0).exclude(about="")
    for address in waiting.values_list("to", flat=True).distinct():
        recent = digests.filter(about="", to=address, created_at__gt=timezone.now() - DIGEST_INTERVAL)
        if recent.exists():
            continue
        with transaction.atomic():
            # Locked first: another worker that does the same has then committed its digest.
            rows = dict(
                waiting.filter(to=address).select_for_update().order_by("pk").values_list("pk", "about")
            )
            if not rows or recent.exists():
                continue
            mail_queue.mark_superseded(digests.filter(pk__in=rows))
            context = MessageContext(
                ConsultationRequest(),
                link=_admin_url("changelist"),
                references=tuple(dict.fromkeys(rows.values())),
            )
            _queue(address, DIGEST, message_templates.template_for(DIGEST, settings.LANGUAGE_CODE), context)


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
        send_at=context.send_at,
    )


def _record_not_sent(request: ConsultationRequest, kind: str) -> None:
    Event.objects.create(
        request=request, kind=Event.Kind.NOTIFICATION_NOT_SENT, at=timezone.now(), detail={"message": kind}
    )


def _has_queued(count: int, period: timedelta, kind: str, address: str) -> bool:
    """Return whether at least ``count`` messages of a kind were queued to an address, in any spelling."""
    with suppress(ValueError):  # an impossible address is stored as it was typed
        address = email_addresses.deliverable(address)
    since = timezone.now() - period
    found = OutgoingMessage.objects.filter(created_at__gte=since, kind=kind, to__iexact=address)
    return found[:count].count() >= count


def calendar_entry(appointment: Appointment, method: icalendar.Method) -> bytes:
    """The appointment as an invitation, its cancellation, or a file: always the one entry of its request."""
    request = appointment.request
    try:
        attendee = email_addresses.deliverable(request.email)
    except ValueError:
        attendee = ""  # the mail will not be sent either
    return icalendar.event(
        uid=f"{request.reference}@{urlsplit(settings.SITE_URL).hostname}",
        sequence=appointment.sequence,
        start=appointment.starts_at,
        end=appointment.ends_at,
        summary=calendar_summary(request),
        location=place(ClinicProfile.current()),
        method=method,
        organizer=reply_address()[1],
        attendee=attendee,
        stamp=appointment.state_changed_at,
    )


def _admin_url(view: str, *args: int) -> str:
    return str(settings.SITE_URL) + reverse(f"admin:consultations_consultationrequest_{view}", args=args)
