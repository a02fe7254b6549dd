"""Responses that several views use."""

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control


class SeeOther(HttpResponseRedirect):
    """Redirect after a successful POST, so that a reload repeats nothing."""

    status_code = 303


def private_no_cache(response: HttpResponse) -> HttpResponse:
    """Mark an empty form as ``private, no-cache``.

    Not ``no-store``: with that, browsers lose what was typed when the reader goes back.
    """
    patch_cache_control(response, private=True, no_cache=True, max_age=0)
    return response
