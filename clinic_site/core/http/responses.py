"""Responses that several views use."""

from django.http import HttpResponseRedirect
from django.views.decorators.cache import cache_control


class SeeOther(HttpResponseRedirect):
    """Redirect after a successful POST, so that a reload repeats nothing."""

    status_code = 303


# Not ``no-store``: with that, browsers lose what was typed when the reader goes back, and show an error of
# their own instead of a page that answered a POST.
private_no_cache = cache_control(private=True, no_cache=True, max_age=0)
