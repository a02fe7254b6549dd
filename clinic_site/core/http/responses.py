"""Answers that several pages give."""

from django.http import HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_cache_control


class SeeOther(HttpResponseRedirect):
    """The answer to a POST that is done: the browser gets the next page, and a reload repeats nothing."""

    status_code = 303


def for_this_reader(response: HttpResponse) -> HttpResponse:
    """A form that is still empty: no cache may give it to anyone else, nor to this reader without asking.

    It is not ``no-store``: with that, browsers throw away what was typed when "back" leads here.
    """
    patch_cache_control(response, private=True, no_cache=True, max_age=0)
    return response
