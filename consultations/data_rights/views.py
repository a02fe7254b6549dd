"""Data rights pages for managers: erase the personal details of a request, or copy them for the patient.

Both pages show no personal details; the page of the request does, and records who looked.
"""

import logging
from typing import Any

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from clinic_site.core.http.responses import SeeOther
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.data_rights import erasure, subject_access
from consultations.data_rights.forms import CopyForm, EraseForm
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import Appointment, ConsultationRequest
from consultations.staff_pages import VIEW, member, page, show

logger = logging.getLogger(__name__)

ERASE = "consultations.erase_request"
get_or_post = require_http_methods(["GET", "HEAD", "POST"])


@page(VIEW, ERASE)
@get_or_post
def erase(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET shows what will be erased; POST with a reason and the typed reference erases it."""
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    form = EraseForm(_sent(request), consultation=consultation)
    if not form.is_bound or consultation.erased_at or not form.is_valid():
        return _page(request, "erase", consultation, form)
    try:
        erasure.erase(consultation, actor=member(request), reason=form.cleaned_data["reason"])
    except (SomeoneElseChangedError, NotAllowedError):
        consultation.refresh_from_db()
        return _page(request, "erase", consultation, form)
    except OSError:
        logger.exception("the erasure log cannot be written")
        problem = _("Nothing was erased: the erasure log cannot be written. Tell your system administrator.")
        return _page(request, "erase", consultation, form, problem=problem, status=503)
    messages.success(
        request, _("%(reference)s: the personal details are erased.") % {"reference": consultation.reference}
    )
    return SeeOther(reverse("desk:request", args=[pk]))


@page(VIEW, ERASE)
@get_or_post
def copy(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET asks for the reason; POST returns the copy as a file."""
    consultation = get_object_or_404(ConsultationRequest.objects.select_related("notice"), pk=pk)
    form = CopyForm(_sent(request))
    if not form.is_bound or consultation.erased_at or not form.is_valid():
        return _page(request, "copy", consultation, form)
    try:
        made = subject_access.make(consultation, actor=member(request), reason=form.cleaned_data["reason"])
    except NotAllowedError:
        consultation.refresh_from_db()
        return _page(request, "copy", consultation, form)
    response = FileResponse(
        made, as_attachment=True, filename=f"{consultation.reference}.zip", content_type="application/zip"
    )
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _page(
    request: HttpRequest,
    name: str,
    consultation: ConsultationRequest,
    form: EraseForm | CopyForm,
    *,
    problem: str = "",
    status: int = 200,
) -> TemplateResponse:
    titles = {"erase": _("Erase the personal details"), "copy": _("Copy for the patient")}
    if form.is_bound and consultation.erased_at:
        status = 409  # a colleague was faster
    live = booking.live(consultation)
    return show(
        request,
        f"consultations/data_rights/{name}.html",
        {
            "consultation": consultation,
            "form": form,
            "problem": problem,
            "subtitle": _("Error") if form.is_bound and form.errors else "",
            "is_open": consultation.status in workflow.OPEN,
            "is_unmarked": booking.has_begun(live, timezone.now()),
            "gone": _counts(consultation, live) if not consultation.erased_at else {},
        },
        title=f"{titles[name]}: {consultation.reference}",
        status=status,
    )


def _counts(consultation: ConsultationRequest, live: Appointment | None) -> dict[str, int]:
    return {
        "attachments": consultation.attachments.count(),
        "notes": consultation.notes.count(),
        "messages": OutgoingMessage.objects.filter(about=consultation.reference).count(),
        "appointments": 1 if live else 0,
    }
