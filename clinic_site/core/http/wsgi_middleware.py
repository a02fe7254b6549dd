"""What comes before all of the site: what a request may not say, and what no answer to ``HEAD`` holds.

``FrontDoor`` is the outermost part of the WSGI application (``clinic_site.wsgi``).
"""

import re
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

# As browsers write it (RFC 2046, 5.1.1).
BOUNDARY = re.compile(r""";\s*boundary="?([0-9A-Za-z'()+_,./:=?-]{1,70})"?\s*(?:;|$)""", re.IGNORECASE)


class FrontDoor:
    """The site, asked only in UTF-8.

    Every form here is sent in it. Django would read a request in whatever encoding its ``Content-Type``
    names, among them such as are none of text, and fails on its way to the first line of this site's code.
    """

    def __init__(self, site: WSGIApplication) -> None:
        self.site = site

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if ";" in (said := environ.get("CONTENT_TYPE", "")):
            environ["CONTENT_TYPE"] = without_parameters(said)
        answer = self.site(environ, start_response)
        return headers_alone(answer) if environ["REQUEST_METHOD"] == "HEAD" else answer


def without_parameters(content_type: str) -> str:
    """The kind of content alone; of a form with files also what stands between its parts."""
    kind = content_type.partition(";")[0].strip()
    boundary = BOUNDARY.search(content_type)
    return f'{kind}; boundary="{boundary[1]}"' if boundary else kind


def headers_alone(answer: Iterable[bytes]) -> Iterable[bytes]:
    """Django makes the whole page for ``HEAD``, and leaves it to others to drop it."""
    if hasattr(answer, "close"):
        answer.close()
    return []
