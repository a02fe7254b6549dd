"""The calendar feed of one practitioner, for subscription in a calendar app.

The address is the only secret, so the feed holds references and no patient details. A wrong address and a
revoked one get the same answer.
"""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from clinic_site.accounts.models import User
from clinic_site.core.rate_limits import Limit, network_address
from clinic_site.mail.email import reply_address
from consultations import icalendar, private_links
from consultations.models import Appointment, CalendarFeed
from consultations.tokens import token_hash
from procedures.models import Practitioner

# Addresses have 192 random bits. An app that polls a revoked one every 15 minutes stays below this.
WRONG_ADDRESSES = Limit(
    "wrong calendar links from a network", attempts=30, period=timedelta(hours=1), must_count=False
)

FEED_PAST, FEED_FUTURE = timedelta(days=30), timedelta(days=180)


def create(practitioner: Practitioner, *, actor: User) -> str:
    """Return the token of a new address. Only its hash is stored."""
    token = private_links.new_token()
    CalendarFeed.objects.create(
        practitioner=practitioner, token_hash=token_hash(token), made_by=actor, made_at=timezone.now()
    )
    return token


# Any method but GET and HEAD gets the 404 of a wrong address: a 405 or a CSRF failure would confirm it.
@csrf_exempt
def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """Return the calendar of a token. Only wrong tokens are counted; nothing else is written."""
    feed = CalendarFeed.objects.for_token(token).select_related("practitioner").first()
    if feed and request.method in ("GET", "HEAD"):
        content = icalendar.published(
            _("Appointments: %(name)s") % {"name": feed.practitioner.name},
            entries(feed.practitioner, timezone.now()),
            organizer=reply_address()[1],
        )
        response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    elif WRONG_ADDRESSES.allow(network_address(request)):
        words = _("There is no calendar at this address. Ask the clinic’s manager for a new one.")
        response = HttpResponse(words, status=404, content_type="text/plain; charset=utf-8")
    else:
        words = _("Too many wrong addresses. Try again in an hour.")
        response = HttpResponse(words, status=429, content_type="text/plain; charset=utf-8")
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def entries(practitioner: Practitioner, now: datetime) -> list[icalendar.Entry]:
    """Return the appointments that are not canceled from 30 days ago to 180 days ahead. One query."""
    found = Appointment.objects.in_calendar().between(now - FEED_PAST, now + FEED_FUTURE)
    return [_entry(each) for each in found.filter(practitioner=practitioner).select_related("request")]


def _entry(appointment: Appointment) -> icalendar.Entry:
    is_offered = appointment.state in Appointment.ON_OFFER
    words = _("%(reference)s (offered)") if is_offered else "%(reference)s"
    return icalendar.Entry(
        # Not the uid of the patient's own entry: a request may have had several appointments.
        uid=f"appointment-{appointment.pk}@{urlsplit(settings.SITE_URL).hostname}",
        sequence=appointment.sequence,
        start=appointment.starts_at,
        end=appointment.ends_at,
        summary=words % {"reference": appointment.request.reference},
        stamp=appointment.state_changed_at,
        status="TENTATIVE" if is_offered else "CONFIRMED",
    )
