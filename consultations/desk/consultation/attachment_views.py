"""Attachments of patients, for staff who may see them: never cached, sandboxed, and each view recorded."""

from datetime import timedelta

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone

from consultations.desk.consultation.page import VIEW_ATTACHMENT
from consultations.intake import file_storage
from consultations.lifecycle import disclosures
from consultations.models import Attachment, ConsultationRequest, Disclosure
from consultations.staff_pages import VIEW, member, page

# The page of a request records its thumbnails; the browser requests each within this time.
THUMBNAIL_GRACE = timedelta(minutes=10)


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


def _find(pk: int, attachment: int) -> tuple[ConsultationRequest, Attachment]:
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    return consultation, get_object_or_404(consultation.attachments, pk=attachment)


def _file(consultation: ConsultationRequest, attachment: Attachment, name: str) -> FileResponse:
    try:
        return file_storage.file_response(attachment, name, f"{consultation.reference}-{attachment.pk}")
    except FileNotFoundError:
        raise Http404 from None
