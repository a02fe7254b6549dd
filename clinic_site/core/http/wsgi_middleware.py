"""Outermost WSGI middleware: drops charsets that Django fails on, and the body of answers to HEAD."""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# As browsers write it (RFC 2046, 5.1.1).
BOUNDARY = re.compile(r""";\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?\s*(?:;|$)""", re.IGNORECASE)


class RequestNormalizer:
    """Make every request UTF-8.

    All our forms are. Django decodes a request with any codec that ``Content-Type`` names, even one that is
    no text encoding, and fails before the first middleware.
    """

    def __init__(self, site: WSGIApplication) -> None:
        self.site = site

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if ";" in (content_type := environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = normalized_content_type(content_type)
        answer = self.site(environ, start_response)
        return without_body(answer) if environ["REQUEST_METHOD"] == "HEAD" else answer


def normalized_content_type(content_type: str) -> str:
    """Return the media type with its boundary, if any, and no other parameter."""
    kind = content_type.partition(";")[0].strip()
    boundary = BOUNDARY.search(content_type)
    return f'{kind}; boundary="{boundary[1]}"' if boundary else kind


def without_body(answer: Iterable[bytes]) -> Iterable[bytes]:
    """Drop the body that Django renders for HEAD."""
    if hasattr(answer, "close"):
        answer.close()
    return []
