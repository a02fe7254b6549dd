"""The page for a request that fails (Django's ``handler500``)."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from clinic_site.clinic import last_known
from clinic_site.clinic.models import dialable
from clinic_site.core.http import error_pages
from clinic_site.core.http.responses import private_no_cache

# A full, broken or read-only disk.
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
RETRY_AFTER_SECONDS = 60
# Fields that no page repeats.
SECRET_FIELDS = ("password", "code")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 while the database or the disk fails, otherwise 500."""
    return _unavailable(request) if _is_passing(sys.exc_info()[1]) else error_pages.server_error(request)


@private_no_cache
def _unavailable(request: HttpRequest) -> HttpResponse:
    """Return a page that needs neither database nor disk. It keeps what was typed, to be sent again."""
    template = "503_staff.html" if error_pages.is_staff_side(request) else "503.html"
    phone, whatsapp_url = last_known.phone_and_whatsapp()
    context = {
        "title": error_pages.STAFF_TITLES[503],
        "is_post": request.method == "POST",
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if not any(secret in name for secret in SECRET_FIELDS)
        ],
        "had_files": request.content_type == "multipart/form-data",
        "clinic": {"phone": phone, "phone_e164": dialable(phone), "whatsapp_url": whatsapp_url},
    }
    page = render_to_string(template, context)
    return HttpResponse(page, status=503, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


def _is_passing(error: BaseException | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in DISK_FAULTS
    return isinstance(error, OperationalError | InterfaceError)
