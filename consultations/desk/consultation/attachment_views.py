"""Attachments of requests, for staff who may see them: never cached, sandboxed, and each view recorded."""

from datetime import timedelta

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.http.responses import SeeOther
from consultations import workflow
from consultations.desk.consultation.forms import AttachmentsForm
from consultations.desk.consultation.page import VIEW_ATTACHMENT, find, render_page
from consultations.intake import file_storage
from consultations.intake.attachments import NoRoomError, add_files
from consultations.intake.form_fields import listed, valid_files
from consultations.intake.upload_handler import takes_files
from consultations.intake.upload_limits import MAX_ATTACHMENTS_PER_REQUEST
from consultations.lifecycle import disclosures
from consultations.lifecycle.errors import NotAllowedError
from consultations.models import Attachment, ConsultationRequest, Disclosure
from consultations.staff_pages import GET_AND_POST, VIEW, WORK, member, page

# The page of a request records its thumbnails; the browser requests each within this time.
THUMBNAIL_GRACE = timedelta(minutes=10)
CLOSED = gettext_lazy("This request is closed, so no file was added. Reopen it first.")


@page(VIEW, VIEW_ATTACHMENT)
def attachment(request: HttpRequest, pk: int, attachment: int) -> HttpResponseBase:
    """The whole file: photographs are shown, reports downloaded."""
    consultation, found = _find(pk, attachment)
    response = _file(consultation, found, found.name)
    kind = Disclosure.Kind.ATTACHMENT if found.is_image else Disclosure.Kind.DOWNLOADED
    disclosures.record(member(request), [consultation], kind)
    return response


@page(VIEW, VIEW_ATTACHMENT)
def thumbnail(request: HttpRequest, pk: int, attachment: int) -> HttpResponseBase:
    """The thumbnail on the page of the request. Opened by itself, it is recorded as a view."""
    consultation, found = _find(pk, attachment)
    response = _file(consultation, found, found.thumbnail_name)
    seen = Disclosure.objects.filter(
        request=consultation, actor=member(request), kind=Disclosure.Kind.ATTACHMENT
    )
    if not seen.filter(at__gt=timezone.now() - THUMBNAIL_GRACE).exists():
        disclosures.record(member(request), [consultation], Disclosure.Kind.ATTACHMENT)
    return response


@takes_files
@page(VIEW, VIEW_ATTACHMENT, WORK, methods=GET_AND_POST)
def add_attachments(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Add files to an open request; valid ones are stored even if others are not."""
    address = reverse("desk:request", args=[pk])
    if request.method != "POST":
        return SeeOther(address)
    consultation = find(pk)
    if consultation.status not in workflow.OPEN or consultation.erased_at:
        return render_page(request, consultation, typed={}, problem=str(CLOSED), status=409)
    form = AttachmentsForm(request.POST, request.FILES)
    try:
        valid = valid_files(form, "attachments", network="")
        left_over = add_files(consultation, valid, "", by=member(request)) if valid else []
    except NoRoomError as error:
        form.add_error("attachments", str(error))
    except NotAllowedError:  # closed in this moment
        return render_page(request, find(pk), typed={}, problem=str(CLOSED), status=409)
    else:
        if left_over:
            params = {"most": MAX_ATTACHMENTS_PER_REQUEST, "names": listed(each.name for each in left_over)}
            full = _("A request can have up to %(most)d photos or reports. Not added: %(names)s")
            form.add_error("attachments", full % params)
    if form.errors:
        problem = _("Not all files were added. See the reasons beside them.")
        return render_page(request, find(pk), typed={}, files=form, problem=problem, status=400)
    messages.success(request, _("The files are added."))
    return SeeOther(address)


def _find(pk: int, attachment: int) -> tuple[ConsultationRequest, Attachment]:
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    return consultation, get_object_or_404(consultation.attachments, pk=attachment)


def _file(consultation: ConsultationRequest, attachment: Attachment, name: str) -> FileResponse:
    try:
        return file_storage.file_response(attachment, name, f"{consultation.reference}-{attachment.pk}")
    except FileNotFoundError:
        raise Http404 from None
