"""Template context that every page may use."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, Any]:
    # A path with a token in it is a secret: no page shows it, not even an error page.
    is_secret = request.resolver_match is not None and "token" in request.resolver_match.kwargs
    return {
        "site_url": settings.SITE_URL,
        # The header links to this path in the other language.
        "path_here": "/" if is_secret else request.get_full_path(),
        "canonical_url": "" if is_secret else settings.SITE_URL + request.path,
    }
