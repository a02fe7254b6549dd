"""The private page says where a request stands, to whoever has its address, and does nothing else."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic_site.models import ClinicProfile
from consultations.keys import SubmissionKey
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.consultations.pages import Page
from tests.factories import a_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def key() -> SubmissionKey:
    return SubmissionKey.new()


def address(key: SubmissionKey) -> str:
    return f"/consultation/{key.token}/"


def opened(key: SubmissionKey) -> str:
    return Page(Client().get(address(key))).one("main").text


def test_the_reference_is_what_stands_out(client: Client, key: SubmissionKey) -> None:
    request = a_request(key=key)
    page = Page(client.get(address(key)))
    assert page.by_class("panel")[0].text.startswith(f"Your reference {request.reference}")
    assert page.one("strong").text == request.reference


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.NEW, "We contact you to agree on a time."),
        (Status.CONTACTING, "We are trying to reach you"),
        (Status.PROPOSED, "We have offered you a time."),
        (Status.CONFIRMED, "have agreed on a time"),
        (Status.COMPLETED, "has taken place"),
        (Status.DID_NOT_ATTEND, "did not see you"),
        (Status.DECLINED, "cannot offer a consultation"),
        (Status.WITHDRAWN, "have withdrawn this request"),
        (Status.UNREACHABLE, "tried to reach you and could not"),
        (Status.QUARANTINED, "We contact you to agree on a time."),
    ],
)
def test_each_status_is_said_in_plain_words(key: SubmissionKey, status: Status, words: str) -> None:
    a_request(key=key, status=status)
    assert words in opened(key)


@pytest.mark.parametrize("status", Status)
def test_only_whoever_has_an_appointment_is_not_told_that_there_is_none(
    key: SubmissionKey, status: Status
) -> None:
    a_request(key=key, status=status)
    has_one = status in (Status.CONFIRMED, Status.COMPLETED)
    assert ("You do not have an appointment yet." in opened(key)) != has_one


def test_a_request_set_aside_as_spam_looks_like_any_other(key: SubmissionKey) -> None:
    request = a_request(key=key)
    as_new = opened(key)
    ConsultationRequest.objects.filter(pk=request.pk).update(status=Status.QUARANTINED)
    assert opened(key) == as_new


def test_the_clinics_own_promise_is_told_and_none_is_made_up(key: SubmissionKey) -> None:
    a_request(key=key)
    assert "by the end" not in opened(key)
    ClinicProfile.objects.create(name="A Clinic", answer_promise="by the end of the next working day")
    assert "We contact you by the end of the next working day." in opened(key)


def test_the_way_to_help_and_to_the_clinic_are_there(client: Client, key: SubmissionKey) -> None:
    a_request(key=key)
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999", urgent_phone="0300 1234567")
    links = [link["href"] for link in Page(client.get(address(key))).one("main").children if link.tag == "a"]
    assert {"tel:1122", "tel:+924235761999", "tel:+923001234567"} <= set(links)


def test_a_stranger_who_opens_it_learns_nobodys_name_age_number_or_complaint(key: SubmissionKey) -> None:
    a_request(
        key=key,
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="Bilal Ahmed",
        patient_age=77,
        message="My secret.",
        email="a@example.com",
    )
    text = opened(key)
    for secret in ("Ayesha", "mother", "Bilal", "77", "secret", "a@example.com", "0301", "2345678"):
        assert secret not in text
    assert "the number that ends in 678" in text


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("call", "We call the number"),
        ("whatsapp", "We write on WhatsApp"),
        ("sms", "We send an SMS"),
        ("email", "We write to your email address"),
    ],
)
def test_it_says_how_we_reach_them(key: SubmissionKey, method: str, words: str) -> None:
    a_request(key=key, contact_method=method, email="a@example.com")
    assert words in opened(key)


def test_no_cache_keeps_it_no_search_engine_lists_it_and_no_link_tells_of_it(
    client: Client, key: SubmissionKey
) -> None:
    a_request(key=key)
    for path in (address(key), "/consultation/wrong/"):
        response = client.get(path)
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert "noindex" in response["X-Robots-Tag"]
        assert "noindex" in Page(response).one("meta", name="robots")["content"]
        assert not response.cookies


def test_its_address_stands_nowhere_in_the_page(client: Client, key: SubmissionKey) -> None:
    a_request(key=key)
    assert key.token not in client.get(address(key)).content.decode()


def test_opening_it_changes_nothing(client: Client, key: SubmissionKey) -> None:
    a_request(key=key)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        client.get(address(key)), client.head(address(key))
    assert {query["sql"].lstrip("(").split()[0] for query in queries} == {"SELECT"}


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_sent_to_it(client: Client, key: SubmissionKey, method: str) -> None:
    a_request(key=key)
    assert getattr(client, method)(address(key)).status_code == 405


def test_a_wrong_address_is_answered_kindly_and_tells_nothing(client: Client, key: SubmissionKey) -> None:
    request = a_request(key=key)
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")
    wrong = [
        SubmissionKey.new().token,
        request.reference,
        request.token_hash,
        key.token[:-1],
        "x",
        "a" * 5000,
    ]
    pages = [client.get(f"/consultation/{token}/") for token in wrong]
    assert {page.status_code for page in pages} == {404}
    assert len({page.content for page in pages}) == 1
    assert Page(pages[0]).one("h1").text == "We cannot find this request"
    assert Page(pages[0]).all("a", href="tel:+924235761999")
