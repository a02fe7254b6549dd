"""The buttons "Arrived" and "Undo" of today's appointments."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.core.http.responses import SeeOther
from consultations.lifecycle import booking
from consultations.models import Appointment
from consultations.staff_pages import POST, VIEW, WORK, member, page


@page(VIEW, WORK, methods=POST)
def arrival(request: HttpRequest, pk: int) -> HttpResponse:
    appointment = get_object_or_404(Appointment, pk=pk)
    with transaction.atomic():
        has_changed = booking.record_arrival(
            appointment,
            has_arrived=request.POST.get("arrived") != "no",
            actor=member(request),
            now=timezone.now(),
        )
    if not has_changed:
        messages.warning(
            request, _("No changes were needed: it is recorded already, or the appointment is over.")
        )
    return SeeOther(reverse("admin:index"))
