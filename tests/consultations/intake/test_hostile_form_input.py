"""Hostile input to the form gets a proper answer, never a failure, and is not stored by accident."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consultations.intake import submission
from consultations.intake.request_form import RequestForm
from consultations.models import Attachment, ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.intake.upload_samples import EXE, PDF
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage
from tests.factories import form_data

pytestmark = pytest.mark.django_db

# The rows that a test stores are taken back after it, not after each of its examples: the fixtures may stay.
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

NAMES = [
    *form_data(email=""),
    *("city", "whatsapp", "patient_knows", "speaks_other", "woman_staff", "access_needs"),
    *("key", "notice", "source_page", "website"),
]
# Questions with boxes: any number of answers, and of a browser's making none that is not on offer.
SEVERAL = ["days", "parts_of_day"]

# Half of what is sent is right, so that the examples come past the first question.
HOSTILE = st.text(max_size=200) | st.sampled_from(
    ["\x00", "\ud800", "ﷺ" * 100, "\u202e", "0" * 50, "' OR 1=1 --", "<script>", "{{ 7|add:7 }}", "%s%n"]
)


RIGHT = form_data(
    email="a@example.com",
    for_whom="adult",
    patient_knows="yes",
    city="Lahore",
    whatsapp="0301 2345679",
    speaks="other",
    speaks_other="Hindko",
    woman_staff="on",
    access_needs="A wheelchair",
)
IN_FREE_WORDS = ["city", "speaks_other", "access_needs"]
BOXES = st.lists(st.sampled_from(["0", "6", "morning", "evening", "7", "-1", "٣", ""]) | HOSTILE, max_size=30)


def a_form() -> st.SearchStrategy[dict[str, Any]]:
    one = {name: st.just(RIGHT.get(name, "")) | HOSTILE for name in NAMES}
    return st.fixed_dictionaries({}, optional=one | dict.fromkeys(SEVERAL, BOXES | HOSTILE))


def over_the_line(sent: dict[str, Any]) -> dict[str, Any]:
    """As it can be sent: nothing but bytes goes over a line, so no half of a surrogate pair does."""
    return {
        name: [_utf8(each) for each in value] if isinstance(value, list) else _utf8(value)
        for name, value in sent.items()
    }


def _utf8(text: str) -> str:
    return text.encode("utf-8", "replace").decode()


@many
@given(sent=a_form())
def test_a_form_is_valid_or_says_what_to_do(notice: PrivacyNotice, sent: dict[str, Any]) -> None:
    form = RequestForm(sent | {"notice": str(notice.pk)}, notice=notice, language="en")
    if not form.is_valid():
        assert all(len(sentences) == 1 and sentences[0] for sentences in form.errors.values())
        assert "__all__" not in form.errors


@many
@given(
    changes=st.dictionaries(
        st.sampled_from([*("patient_name", "requester_name", "relationship", "message"), *IN_FREE_WORDS]),
        HOSTILE,
    ),
    several=st.dictionaries(st.sampled_from(SEVERAL), BOXES),
)
def test_what_is_valid_can_be_stored_and_found(
    notice: PrivacyNotice, changes: dict[str, str], several: dict[str, list[str]]
) -> None:
    sent = RIGHT | changes | several | {"notice": str(notice.pk)}
    form = RequestForm(sent, notice=notice, language="en")
    if not form.is_valid():
        return
    request = submission.submit(form.submission)
    request.refresh_from_db()
    assert not submission.differs(request, form.answers)
    request.full_clean()
    assert request in ConsultationRequest.objects.search(request.patient_name)


@settings(many, max_examples=40)
@given(sent=a_form(), button=st.sampled_from(["", "send", "change"]), value=HOSTILE)
def test_no_post_makes_a_page_fail(
    notice: PrivacyNotice, sent: dict[str, Any], button: str, value: str
) -> None:
    data = over_the_line(sent | ({button: value} if button else {}))
    client = Client(raise_request_exception=True)
    before = ConsultationRequest.objects.count()
    response = client.post(reverse("consultations:request"), data)
    assert response.status_code in (200, 303)
    is_sent = response.status_code == 303
    assert ConsultationRequest.objects.count() == before + is_sent
    assert not is_sent or SubmissionKey.from_form(data["key"])


FILES = st.lists(
    st.tuples(
        st.sampled_from(["a.jpg", "../../x.pdf", "", "\u202egpj.exe", "ہاتھ.jpg", "n" * 300]),
        st.sampled_from([b"", PDF, EXE, b"\xff\xd8\xff", b"GIF89a", b"<svg/>"]) | st.binary(max_size=200),
    ),
    max_size=6,
)


def uploads(chosen: list[tuple[str, bytes]]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name or "x", content) for name, content in chosen]


def assert_every_row_keeps_every_rule() -> None:
    for request in ConsultationRequest.objects.all():
        request.full_clean()
        for related in (request.events, request.notes, request.attachments, request.appointments):
            for row in related.all():
                row.full_clean()


@settings(many, max_examples=40)
@given(
    sent=a_form(),
    is_right=st.booleans(),
    chosen=FILES,
    pressed=st.sampled_from(["", "add", "remove", "open"]),
    value=HOSTILE | st.sampled_from(["1", "0", "-1", "9" * 30, "۱"]),
)
def test_no_files_and_no_answers_beside_them_make_the_page_for_attachments_fail(
    notice: PrivacyNotice,
    sent: dict[str, Any],
    is_right: bool,
    chosen: list[tuple[str, bytes]],
    pressed: str,
    value: str,
) -> None:
    answers = RIGHT | {"notice": str(notice.pk)} if is_right else sent
    data = over_the_line(answers | ({pressed: value} if pressed else {}))
    before = ConsultationRequest.objects.count()
    response = Client().post(reverse("consultations:attachments"), data | {"attachments": uploads(chosen)})
    assert response.status_code in (200, 429)
    assert ConsultationRequest.objects.count() == before
    for attachment in Attachment.objects.all():
        attachment.full_clean(exclude=["request"])


ON_THE_PRIVATE_PAGE = st.fixed_dictionaries(
    {},
    optional={
        "phone": st.sampled_from(["0301 2345678", "۰۳۲۱ ۷۶۵۴۹۸۷", "+44 20 7946 0018"]) | HOSTILE,
        "text": HOSTILE,
        "words": HOSTILE,
        "version": st.sampled_from(["0", "-1", "9" * 18, "9" * 400, "۱", "the one"]) | HOSTILE,
    },
)


@settings(many, max_examples=15)
@given(
    status=st.sampled_from(Status),
    is_offered=st.sampled_from(["", "offered", "agreed"]),
    acts=st.lists(st.tuples(st.sampled_from(ACTIONS), ON_THE_PRIVATE_PAGE, FILES), min_size=1, max_size=6),
)
def test_no_post_and_no_order_of_them_makes_a_private_page_fail(
    notice: PrivacyNotice,
    status: Status,
    is_offered: str,
    acts: list[tuple[str, dict[str, str], list[tuple[str, bytes]]]],
) -> None:
    # Each example has the tables to itself. No atomic block: storing a request refuses to stand inside one.
    savepoint = transaction.savepoint()
    try:
        patient = PrivatePage(status=Status.NEW if is_offered else status)
        if is_offered:
            patient.is_offered(agreed=is_offered == "agreed")
        for action, sent, chosen in acts:
            data = over_the_line(sent)
            if data.get("version") == "the one":
                data["version"] = str(patient.now().version)
            patient.sends(action, **data, **({"attachments": uploads(chosen)} if chosen else {}))
            assert patient.response.status_code in (200, 303, 409, 429)
            patient.opens()
            assert patient.response.status_code == 200
        assert_every_row_keeps_every_rule()
    finally:
        transaction.savepoint_rollback(savepoint)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "application/octet-stream"])
def test_another_kind_of_content_is_an_empty_form(
    client: Client, notice: PrivacyNotice, content_type: str
) -> None:
    response = client.post(reverse("consultations:request"), b'{"send": 1}', content_type=content_type)
    assert response.status_code == 200
    assert b"There is a problem" in response.content


@pytest.mark.parametrize("address", ["start", "request"])
def test_a_file_in_place_of_words_is_no_answer(client: Client, notice: PrivacyNotice, address: str) -> None:
    files = {name: SimpleUploadedFile("x.txt", b"x") for name in ("patient_name", "emergency", "key")}
    assert client.post(reverse(f"consultations:{address}"), files).status_code == 200


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options"])
@pytest.mark.parametrize("address", ["start", "request", "emergency", "privacy"])
def test_other_methods_are_refused(client: Client, notice: PrivacyNotice, address: str, method: str) -> None:
    response = getattr(client, method)(reverse(f"consultations:{address}"))
    assert response.status_code == 405
