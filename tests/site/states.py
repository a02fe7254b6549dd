"""Every public page, in every state."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from unittest import mock

from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.urls import URLResolver, get_resolver, reverse

from clinic_site.core import append_only
from clinic_site.core.http.languages import path_in
from procedures.models import Practitioner, Procedure, Publication
from procedures.public import feedback
from procedures.publishing import publishing
from tests.factories import form_data
from tests.pages import Page, read


@dataclass
class State:
    """One page in one state: what was answered, and the page it holds."""

    name: str
    status: int
    content: bytes
    headers: dict[str, str] = field(default_factory=dict)
    sets_cookies: bool = False
    # Where it was asked for; relative links begin there.
    address: str = "/"

    @cached_property
    def page(self) -> Page:
        return Page(self.content.decode())

    @property
    def is_content(self) -> bool:
        """A page that is the same for everyone: it has an address of its own, and no form."""
        return self.status == 200 and self.name.startswith("/") and b"<form" not in self.content


def of_response(name: str, response: Any) -> State:
    return State(
        name,
        response.status_code,
        response.content,
        dict(response.headers),
        bool(response.cookies),
        response.request["PATH_INFO"],
    )


@contextmanager
def asked_in_urdu() -> Iterator[None]:
    """Let every test client open the Urdu page of each address."""
    generic = RequestFactory.generic

    def translated(self: Any, method: str, path: str, *args: Any, **options: Any) -> Any:
        return generic(self, method, path_in("ur", path), *args, **options)

    with mock.patch.object(RequestFactory, "generic", translated):
        yield


def public_addresses() -> list[str]:
    """Every content page, by the URL patterns and what is published, and the start of a request.

    Not from the sitemap: it lists no samples.
    """
    found = [publication.get_absolute_url() for publication in Publication.objects.live_for("en")]
    found += [f"/{route}" for route in _fixed_routes_of_content_pages(get_resolver())]
    return [*dict.fromkeys(found), reverse("consultations:request")]


def _fixed_routes_of_content_pages(resolver: URLResolver) -> Iterator[str]:
    for pattern in resolver.url_patterns:
        route = str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from (route + rest for rest in _fixed_routes_of_content_pages(pattern))
        elif hasattr(pattern.callback, "content_page_parameters") and "<" not in route:
            yield route


def every_state() -> Iterator[State]:
    """The site with its sample content, walked through."""
    for address in public_addresses():
        yield of_response(address, Client().get(address))
    for surgeon in Practitioner.objects.active():  # samples are not in the sitemap
        yield of_response(surgeon.get_absolute_url(), Client().get(surgeon.get_absolute_url()))
    search = reverse("procedures:search")
    for query in ("", "?q=numb+hand", "?q=zzz"):
        yield of_response(search + query, Client().get(search + query))
    yield from _request_states()
    yield from _feedback_states()
    yield from _error_states()


def _request_states() -> Iterator[State]:
    form = reverse("consultations:request")
    yield of_response("request, empty", Client().get(form))
    yield of_response("request, nothing answered", Client().post(form, {}))
    wrong = {
        "for_whom": "child",
        "patient_name": "9" * 300,
        "patient_age": "-3",
        "about": "no-such-procedure",
        "contact_method": "email",
        "phone": "0301 23",
        "email": "not an address",
        "message": "w" * 2000,
    }
    yield of_response("request, everything wrong", Client().post(form, wrong))
    client = Client()
    answers = form_data() | read(client.get(form)).main.hidden_fields()
    yield of_response("request, check your answers", client.post(form, answers))
    sent = client.post(form, answers | {"send": "1"})
    assert sent.status_code == 303, sent.content
    yield of_response("request, sent", client.get(sent["Location"]))
    yield of_response("lost link", Client().get(reverse("consultations:lost_link")))
    yield of_response("request, unknown token", client.get(reverse("consultations:private", args=["x" * 32])))


def _feedback_states() -> Iterator[State]:
    form = reverse("procedures:feedback")
    about = {"page": "replantation", "version": "1"}
    yield of_response("mistake, empty", Client().get(form, about))
    yield of_response(
        "mistake, everything wrong", Client().post(form, about | {"name": "n" * 200, "email": "no"})
    )
    sent = Client().post(form, about | {"text": "A word is missing."})
    yield of_response("mistake, sent", Client().get(sent["Location"]))
    for _again in range(feedback.LIMIT.attempts):
        limited = Client().post(form, about | {"text": "A word is missing."})
    yield of_response("mistake, too many", limited)


def _error_states() -> Iterator[State]:
    yield of_response("404", Client().get("/there-is-no-such-page/"))
    yield of_response("404 of a procedure", Client().get(reverse("procedures:procedure", args=["none"])))
    strict = Client(enforce_csrf_checks=True)
    yield of_response("403, form not from here", strict.post(reverse("procedures:feedback"), {}))
    yield of_response("403, form without its cookie", strict.post(reverse("consultations:request"), {}))
    asked = RequestFactory().get("/")
    for name in ("400.html", "403.html", "500.html"):
        content = render_to_string(name, request=None if name == "500.html" else asked)
        yield State(name, int(name[:3]), content.encode())
    for name, is_post in (("503.html", True), ("503.html, reading", False)):
        context = {"title": "Not available", "is_post": is_post, "fields": [("a", "b")], "had_files": True}
        yield State(name, 503, render_to_string("503.html", context).encode())
    withdrawn = Procedure.objects.get(slug="tumor-removal")
    publishing.withdraw(withdrawn, language="en")
    yield of_response("410", Client().get(reverse("procedures:procedure", args=[withdrawn.slug])))
    # A notice is never deleted: only a site that has none yet is without.
    connection.check_constraints()  # PostgreSQL drops no trigger of a table with deferred checks
    append_only.remove_triggers()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM consultations_event")
        cursor.execute("DELETE FROM consultations_consultationrequest")
        cursor.execute("DELETE FROM consultations_privacynotice")
    yield of_response("requests cannot be taken", Client().get(reverse("consultations:request")))
