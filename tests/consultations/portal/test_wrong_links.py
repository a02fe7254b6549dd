"""Wrong, expired and erased links get the same page, and guessing is limited."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.core.models import RateLimitCounter
from consultations.models.consultation_requests import LINK_VALID_AFTER_CLOSING
from consultations.portal.views import WRONG_LINKS_PER_NETWORK
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import CLOSED, Status
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clinic")]

EVERY_PAGE = ("", *(f"{action}/" for action in ACTIONS))


def dead_tokens() -> list[str]:
    """A token that was never made, an expired one, and that of an erased request."""
    expired, erased = PrivatePage(status=Status.WITHDRAWN), PrivatePage()
    expired.change(status_changed_at=timezone.now() - LINK_VALID_AFTER_CLOSING)
    as_erased(erased.request)
    return [SubmissionKey.new().token, expired.key.token, erased.key.token]


def test_all_wrong_links_get_the_same_page() -> None:
    patient = PrivatePage()
    dead = dead_tokens()
    misspelled = [
        patient.request.reference,
        token_hash(patient.key.token),
        patient.key.token[:-1],
        patient.key.token + ".",
        "x y",
        "زخم",
        "a" * 5000,
        "%00",
    ]
    addresses = [f"/r/{token}/{page}" for token in dead for page in EVERY_PAGE]
    addresses += [f"/r/{token}/{page}" for token in misspelled for page in ("", "note/")]
    addresses += [f"/r/{dead[0]}/no-such-action/", f"{patient.address}no-such-action/"]
    addresses += [f"{patient.address}note/more/"]
    responses = []
    for address in addresses:
        RateLimitCounter.objects.all().delete()
        responses.append(Client().get(address))
        if address.endswith(tuple(EVERY_PAGE[1:])):
            responses.append(Client().post(address, {"text": "words"}))
    assert {response.status_code for response in responses} == {404}
    assert len({response.content for response in responses}) == 1
    headers = [dict(response.headers) for response in responses]
    for different in headers:
        different.pop("Expires", None)  # a moment
        different.pop("Vary", None)
    assert all(found == headers[0] for found in headers)
    page = read(responses[0])
    assert page.one("h1").text == "We can’t find this request"
    assert page.all("a", href="tel:+924235761999") and not page.all("form")


def test_all_wrong_links_make_the_same_queries() -> None:
    tokens = dead_tokens()
    Client().get("/r/x/")
    counts = set()
    for address in [f"/r/{token}/{page}" for token in tokens for page in EVERY_PAGE[:4]]:
        with CaptureQueriesContext(connection) as queries:
            Client().get(address)
        counts.add(len(queries))
    assert len(counts) == 1


def test_closed_page_is_available_for_90_days_and_an_open_one_without_end() -> None:
    patient = PrivatePage()
    for status in Status:
        patient.change(status=status, status_changed_at=timezone.now())
        is_closed = status in CLOSED
        assert ("You can open this page until" in patient.opens().one("main").text) == is_closed, status
        for passed, code in (
            (timedelta(days=90) - timedelta(seconds=1), 200),
            (timedelta(days=90), 404 if is_closed else 200),
        ):
            with time_machine.travel(patient.now().status_changed_at + passed, tick=False):
                patient.opens()
            assert patient.response.status_code == code, (status, passed)


def test_wrong_links_are_limited() -> None:
    patient = PrivatePage()
    stranger = Client()
    allowed = WRONG_LINKS_PER_NETWORK.attempts
    addresses = [f"/r/{number}/{EVERY_PAGE[number % 7]}" for number in range(allowed + 5)]
    answers = [stranger.get(address).status_code for address in addresses]
    assert answers == [404] * allowed + [429] * 5
    limited = stranger.get("/r/wrong/")
    assert read(limited).all("a", href="tel:+924235761999")
    assert "private" in limited["Cache-Control"] and limited["Referrer-Policy"] == "no-referrer"
    assert "noindex" in limited["X-Robots-Tag"]
    # Valid links still work, even from the same network, and other networks are not blocked.
    patient.opens()
    assert patient.response.status_code == 200
    assert Client(REMOTE_ADDR="203.0.113.9").get("/r/wrong/").status_code == 404


def test_valid_link_does_not_count_for_the_limit() -> None:
    PrivatePage().opens()
    assert not RateLimitCounter.objects.exists()
