"""Messages are consequences: whatever goes wrong with one, what it tells of is stored."""

import logging
from collections.abc import Callable
from typing import ParamSpec

from django.conf import settings
from django.db import DatabaseError, transaction
from django.utils import timezone

from consultations.messaging import catalogue
from consultations.models import ConsultationRequest, Event

logger = logging.getLogger(__name__)

P = ParamSpec("P")


def can_be_told(request: ConsultationRequest) -> bool:
    """Whether what ``tell`` queues for the patient can go anywhere. If not, somebody has to call."""
    return bool(request.email) and settings.MAIL_DELIVERY != "off"


def tell(
    request: ConsultationRequest, message: Callable[P, None], *args: P.args, **options: P.kwargs
) -> None:
    """Queue a message about a request, in the caller's transaction.

    One that cannot be written is an event of the request, for staff to see, and no reason to lose
    anything. What the database says is another matter: then the transaction as a whole is tried again.
    """
    try:
        with transaction.atomic():
            message(*args, **options)
    except DatabaseError:
        raise
    except Exception:
        name = getattr(message, "__name__", "message")
        logger.exception("message could not be written", extra={"data": {"message": name}})
        Event.objects.create(
            request=request,
            kind=Event.Kind.NOTIFICATION_NOT_SENT,
            at=timezone.now(),
            detail={"message": name},
        )


def tell_staff(request: ConsultationRequest, what: str) -> None:
    """Something came from the patient: ``what`` is one of ``messages.DONE``.

    On the desk it stands as news, from the first thing that nobody has seen; and a mail says so.
    """
    now = timezone.now()
    ConsultationRequest.objects.filter(unread_since=None, pk=request.pk).update(unread_since=now)
    tell(request, catalogue.patient_wrote, request, what)
