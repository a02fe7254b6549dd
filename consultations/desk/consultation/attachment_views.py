"""Attachments of patients, for staff who may see them: never cached, sandboxed, and each view recorded."""

from datetime import timedelta

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic_site.accounts.models import User
from consultations.desk.consultation.page import VIEW_ATTACHMENT
from consultations.intake import file_storage
from consultations.lifecycle import disclosures
from consultations.models import Attachment, Disclosure
from consultations.staff_pages import VIEW, member, page

# Nothing in a file may load or run. Browsers use inline styles of their own to show an image by itself.
POLICY_OF_REPORT = "default-src 'none'; sandbox"
POLICY_OF_IMAGE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# The page of a request records its thumbnails; the browser requests each within this time.
THUMBNAIL_GRACE = timedelta(minutes=10)


@page(VIEW, VIEW_ATTACHMENT)
@require_safe
def attachment(request: HttpRequest, pk: int, attachment: int) -> HttpResponseBase:
    """The whole file: photographs are shown, reports downloaded."""
    found = _find(pk, attachment)
    kinds = Disclosure.Kind
    response = _file(found, found.name)
    _record(member(request), found, kinds.ATTACHMENT if found.is_image else kinds.DOWNLOADED)
    return response


@page(VIEW, VIEW_ATTACHMENT)
@require_safe
def thumbnail(request: HttpRequest, pk: int, attachment: int) -> HttpResponseBase:
    """The thumbnail on the page of the request. Opened by itself, it is recorded as a view."""
    found, me = _find(pk, attachment), member(request)
    response = _file(found, found.thumbnail_name)
    if not _was_just_shown(me, found):
        _record(me, found, Disclosure.Kind.ATTACHMENT)
    return response


def _find(pk: int, attachment: int) -> Attachment:
    return get_object_or_404(Attachment.objects.select_related("request"), pk=attachment, request=pk)


def _file(attachment: Attachment, name: str) -> FileResponse:
    try:
        opened = file_storage.open_file(name)
    except FileNotFoundError:
        raise Http404 from None
    assert attachment.request is not None
    kind, extension = ("image/jpeg", "jpg") if attachment.is_image else ("application/pdf", "pdf")
    response = FileResponse(
        opened,
        as_attachment=not attachment.is_image,
        filename=f"{attachment.request.reference}-{attachment.pk}.{extension}",
        content_type=kind,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    policy = POLICY_OF_IMAGE if attachment.is_image else POLICY_OF_REPORT
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _was_just_shown(me: User, attachment: Attachment) -> bool:
    return Disclosure.objects.filter(
        request=attachment.request,
        actor=me,
        kind=Disclosure.Kind.ATTACHMENT,
        at__gt=timezone.now() - THUMBNAIL_GRACE,
    ).exists()


def _record(me: User, attachment: Attachment, kind: Disclosure.Kind) -> None:
    assert attachment.request is not None
    disclosures.record(me, [attachment.request], kind)
