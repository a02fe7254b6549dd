"""The page for a request that fails (Django's ``handler500``)."""

import errno
import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _

from clinic_site.clinic import last_known
from clinic_site.clinic.models import dialable
from clinic_site.core.http import error_pages

# A full, broken or read-only disk.
DISK_FAULTS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
RETRY_AFTER_SECONDS = 60
# Fields that no page repeats.
SECRET_FIELDS = ("password", "code")


def server_error(request: HttpRequest) -> HttpResponse:
    """Return 503 while the database or the disk fails, otherwise 500.

    The 503 page needs neither. It holds everything that was typed, to be sent again with one press.
    """
    if not _is_passing(sys.exc_info()[1]):
        return error_pages.server_error(request)
    template = "503_staff.html" if error_pages.is_staff_side(request) else "503.html"
    phone = last_known.phone()
    context = {
        "title": _("The site is not available right now"),
        "is_post": request.method == "POST",
        "fields": [
            (name, value)
            for name, values in request.POST.lists()
            for value in values
            if not any(secret in name for secret in SECRET_FIELDS)
        ],
        "had_files": request.content_type == "multipart/form-data",
        "clinic": {"phone": phone, "phone_e164": dialable(phone)},
    }
    response = HttpResponse(render_to_string(template, context), status=503)
    response.headers["Retry-After"] = str(RETRY_AFTER_SECONDS)
    patch_cache_control(response, private=True, no_cache=True, max_age=0)
    return response


def _is_passing(error: BaseException | None) -> bool:
    if isinstance(error, OSError):
        return error.errno in DISK_FAULTS
    return isinstance(error, OperationalError | InterfaceError)
