"""What every template may need of the site itself."""

from functools import partial
from operator import getitem
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinic_site.core.http import site_context_query


def site(request: HttpRequest) -> dict[str, Any]:
    # Lazy: a page that shows none of it asks for none, and a view that has read it gives it itself.
    around = SimpleLazyObject(site_context_query.read)
    # An address with a token in it is a secret: no page shows it, not even one that says what went wrong.
    is_secret = request.resolver_match is not None and "token" in request.resolver_match.kwargs
    return {
        **{name: SimpleLazyObject(partial(getitem, around, name)) for name in site_context_query.names()},
        "site_url": settings.SITE_URL,
        "canonical_url": "" if is_secret else settings.SITE_URL + request.path,
    }
