"""Wrong, expired and erased links get the same page, and guessing is limited."""

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from clinic_site.core.models import RateLimitCounter
from consultations.models import ConsultationRequest
from consultations.models.consultation_requests import LINK_VALID_AFTER_CLOSING
from consultations.portal.views import WRONG_LINKS_PER_ADDRESS
from consultations.tokens import SubmissionKey, token_hash
from consultations.workflow import CLOSED, Status
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage

pytestmark = pytest.mark.django_db

EVERY_PAGE = ("", *(f"{action}/" for action in ACTIONS))


@pytest.fixture(autouse=True)
def clinic(db: None) -> None:
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")


def expired() -> str:
    patient = PrivatePage(status=Status.WITHDRAWN)
    long_ago = timezone.now() - LINK_VALID_AFTER_CLOSING
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(status_changed_at=long_ago)
    return patient.key.token


def erased() -> str:
    patient = PrivatePage()
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(
        erased_at=timezone.now(), patient_name="", requester_name="", phone="", whatsapp="", email=""
    )
    return patient.key.token


def test_all_wrong_links_get_the_same_page() -> None:
    patient = PrivatePage()
    wrong = [
        SubmissionKey.new().token,
        expired(),
        erased(),
        patient.request.reference,
        token_hash(patient.key.token),
        patient.key.token[:-1],
        patient.key.token + ".",
        "x y",
        "زخم",
        "a" * 5000,
        "%00",
    ]
    pages = []
    for token in wrong:
        RateLimitCounter.objects.all().delete()
        address = f"/consultation/{token}/"
        pages += [Client().get(address + page) for page in (*EVERY_PAGE, "no-such-action/", "note/more/")]
        pages += [Client().post(address + page, {"text": "words"}) for page in EVERY_PAGE[1:]]
    pages.append(Client().get(f"{patient.address}no-such-action/"))
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    headers = [dict(page.headers) for page in pages]
    for different in headers:
        different.pop("Expires", None)  # a moment
        different.pop("Vary", None)
    assert all(found == headers[0] for found in headers)
    page = Page(pages[0])
    assert page.one("h1").text == "We cannot find this request"
    assert page.all("a", href="tel:+924235761999")
    assert not page.all("form")


def test_all_wrong_links_make_the_same_queries() -> None:
    tokens = [SubmissionKey.new().token, expired(), erased()]
    Client().get("/consultation/x/")
    counts = set()
    for token in tokens:
        for page in EVERY_PAGE:
            with CaptureQueriesContext(connection) as queries:
                Client().get(f"/consultation/{token}/{page}")
            counts.add(len(queries))
    assert len(counts) == 1


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_closed_page_is_available_for_90_days(status: Status) -> None:
    patient = PrivatePage(status=status)
    closed_at = patient.request.status_changed_at
    assert "The page can be opened until" in patient.opens().one("main").text
    with time_machine.travel(closed_at + timedelta(days=90) - timedelta(seconds=1), tick=False):
        patient.opens()
        assert patient.response.status_code == 200
    with time_machine.travel(closed_at + timedelta(days=90), tick=False):
        patient.opens()
        assert patient.response.status_code == 404


@pytest.mark.parametrize("status", sorted(set(Status) - CLOSED))
def test_open_page_does_not_expire(status: Status) -> None:
    patient = PrivatePage(status=status)
    with time_machine.travel(timezone.now() + timedelta(days=400), tick=False):
        patient.opens()
        assert patient.response.status_code == 200


def test_wrong_links_are_limited() -> None:
    patient = PrivatePage()
    stranger = Client()
    addresses = [f"/consultation/{number}/{EVERY_PAGE[number % 7]}" for number in range(40)]
    answers = [stranger.get(address).status_code for address in addresses]
    assert answers == [404] * WRONG_LINKS_PER_ADDRESS.attempts + [429] * (
        40 - WRONG_LINKS_PER_ADDRESS.attempts
    )
    limited = stranger.get("/consultation/wrong/")
    assert Page(limited).all("a", href="tel:+924235761999")
    assert "no-store" in limited["Cache-Control"] and limited["Referrer-Policy"] == "no-referrer"
    assert "noindex" in limited["X-Robots-Tag"]
    # Valid links still work, even from the same network, and other networks are not blocked.
    patient.opens()
    assert patient.response.status_code == 200
    assert Client(REMOTE_ADDR="203.0.113.9").get("/consultation/wrong/").status_code == 404


def test_valid_link_does_not_count_for_the_limit() -> None:
    patient = PrivatePage()
    for _time in range(WRONG_LINKS_PER_ADDRESS.attempts + 1):
        patient.opens()
    assert not RateLimitCounter.objects.exists()
