"""The files that a patient sent, for staff who may see them. They lie where no other address leads.

No cache keeps one, nothing in one can run, and each that is opened is written down.
"""

from datetime import timedelta

from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from clinic_site.accounts.models import User
from consultations.desk.consultation.page import VIEW_PHOTOGRAPH
from consultations.intake import file_storage
from consultations.lifecycle import disclosures
from consultations.models import Disclosure, Photograph
from consultations.staff_pages import VIEW, member, page

# A file is no page: nothing in it loads or runs. Browsers style the picture that they show by itself with
# styles of their own, which the policy has to let be.
POLICY_OF_REPORT = "default-src 'none'; sandbox"
POLICY_OF_IMAGE = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
# The page of a request writes down the thumbnails that it shows; the browser then asks for each.
WITH_ITS_PAGE = timedelta(minutes=10)


@page(VIEW, VIEW_PHOTOGRAPH)
@require_safe
def photograph(request: HttpRequest, pk: int, photograph: int) -> HttpResponseBase:
    """The whole file: a photograph to look at, a report only to download."""
    found = _find(pk, photograph)
    kinds = Disclosure.Kind
    response = _file(found, found.name)
    _record(member(request), found, kinds.PHOTOGRAPH if found.is_image else kinds.DOWNLOADED)
    return response


@page(VIEW, VIEW_PHOTOGRAPH)
@require_safe
def thumbnail(request: HttpRequest, pk: int, photograph: int) -> HttpResponseBase:
    """The small picture on the page of the request. Asked for by itself, it counts as any other view."""
    found, me = _find(pk, photograph), member(request)
    response = _file(found, found.thumbnail_name)
    if not _was_shown_lately(me, found):
        _record(me, found, Disclosure.Kind.PHOTOGRAPH)
    return response


def _find(pk: int, photograph: int) -> Photograph:
    return get_object_or_404(Photograph.objects.select_related("request"), pk=photograph, request=pk)


def _file(photograph: Photograph, name: str) -> FileResponse:
    try:
        opened = file_storage.open_file(name)
    except FileNotFoundError:
        raise Http404 from None
    assert photograph.request is not None
    kind, extension = ("image/jpeg", "jpg") if photograph.is_image else ("application/pdf", "pdf")
    response = FileResponse(
        opened,
        as_attachment=not photograph.is_image,
        filename=f"{photograph.request.reference}-{photograph.pk}.{extension}",
        content_type=kind,
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    policy = POLICY_OF_IMAGE if photograph.is_image else POLICY_OF_REPORT
    response.headers["Content-Security-Policy"] = policy
    response.headers["Cache-Control"] = "no-store, private"
    return response


def _was_shown_lately(me: User, photograph: Photograph) -> bool:
    return Disclosure.objects.filter(
        request=photograph.request,
        actor=me,
        kind=Disclosure.Kind.PHOTOGRAPH,
        at__gt=timezone.now() - WITH_ITS_PAGE,
    ).exists()


def _record(me: User, photograph: Photograph, kind: Disclosure.Kind) -> None:
    assert photograph.request is not None
    disclosures.record(me, [photograph.request], kind)
