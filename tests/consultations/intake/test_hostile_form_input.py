"""Hostile input to the form gets a proper answer, never a failure, and is not stored by accident."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinic_site.core.models import RateLimitCounter
from consultations.intake import submission
from consultations.intake.request_form import RequestForm
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import FORM
from tests.consultations.intake.upload_samples import EXE, PDF
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage
from tests.factories import form_data

pytestmark = pytest.mark.django_db


def examples(number: int) -> settings:
    """The rows that a test stores are rolled back after it, not after each example."""
    return settings(max_examples=number, suppress_health_check=[HealthCheck.function_scoped_fixture])


# Half of what is sent is right, so that the examples come past the first question.
HOSTILE = st.text(max_size=200) | st.sampled_from(
    ["\x00", "\ud800", "ﷺ" * 100, "\u202e", "0" * 50, "' OR 1=1 --", "<script>", "{{ 7|add:7 }}", "%s%n"]
)
FREE_TEXT = ["patient_name", "requester_name", "relationship", "message", "city", "speaks_other"]
RIGHT = form_data(
    email="a@example.com",
    for_whom="adult",
    patient_knows="yes",
    city="Lahore",
    speaks="other",
    speaks_other="Hindko",
    woman_staff="on",
    access_needs="A wheelchair",
)
BOXES = st.lists(st.sampled_from(["0", "6", "morning", "evening", "7", "-1", "٣", ""]) | HOSTILE, max_size=30)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={
        name: st.just(RIGHT.get(name, "")) | HOSTILE
        for name in (*RIGHT, "key", "notice", "source_page", "website")
    }
    | {"days": BOXES | HOSTILE, "parts_of_day": BOXES | HOSTILE},
)
FILES = st.lists(
    st.tuples(
        st.sampled_from(["a.jpg", "../../x.pdf", "x", "\u202egpj.exe", "ہاتھ.jpg", "n" * 300]),
        st.sampled_from([b"", PDF, EXE, b"\xff\xd8\xff", b"GIF89a", b"<svg/>"]) | st.binary(max_size=200),
    ),
    max_size=6,
)


def over_the_line(sent: dict[str, Any]) -> dict[str, Any]:
    """Return it as it can be sent: as bytes, so no half of a surrogate pair."""

    def utf8(text: str) -> str:
        return text.encode("utf-8", "replace").decode()

    return {
        name: [utf8(each) for each in value] if isinstance(value, list) else utf8(value)
        for name, value in sent.items()
    }


def uploads(chosen: list[tuple[str, bytes]]) -> list[SimpleUploadedFile]:
    return [SimpleUploadedFile(name, content) for name, content in chosen]


@examples(60)
@given(sent=ANSWERS)
def test_form_is_valid_or_says_what_to_do(notice: PrivacyNotice, sent: dict[str, Any]) -> None:
    form = RequestForm(sent | {"notice": str(notice.pk)}, notice=notice)
    if not form.is_valid():
        assert all(len(sentences) == 1 and sentences[0] for sentences in form.errors.values())
        assert "__all__" not in form.errors


@examples(40)
@given(
    changes=st.dictionaries(st.sampled_from([*FREE_TEXT, "access_needs"]), HOSTILE),
    several=st.dictionaries(st.sampled_from(["days", "parts_of_day"]), BOXES),
)
def test_valid_answers_can_be_stored_and_found(
    notice: PrivacyNotice, changes: dict[str, str], several: dict[str, list[str]]
) -> None:
    form = RequestForm(RIGHT | changes | several | {"notice": str(notice.pk)}, notice=notice)
    if not form.is_valid():
        return
    request = submission.submit(form.submission)
    request.refresh_from_db()
    assert not submission.differs(request, form.answers)
    request.full_clean()
    assert request in ConsultationRequest.objects.search(request.patient_name)


@examples(25)
@given(sent=ANSWERS, is_right=st.booleans(), button=st.sampled_from(["", "send", "change"]), value=HOSTILE)
def test_no_post_makes_the_form_fail(
    notice: PrivacyNotice, sent: dict[str, Any], is_right: bool, button: str, value: str
) -> None:
    right = RIGHT | {"notice": str(notice.pk), "key": SubmissionKey.new().for_form()}
    data = over_the_line(sent | (right if is_right else {}) | ({button: value} if button else {}))
    before = ConsultationRequest.objects.count()
    RateLimitCounter.objects.all().delete()
    response = Client().post(FORM, data)
    assert response.status_code in (200, 303)
    is_sent = response.status_code == 303
    assert ConsultationRequest.objects.count() == before + is_sent
    assert not is_sent or SubmissionKey.from_form(data["key"])


ON_THE_PRIVATE_PAGE = st.fixed_dictionaries(
    {},
    optional={
        "phone": st.sampled_from(["0301 2345678", "۰۳۲۱ ۷۶۵۴۹۸۷", "+44 20 7946 0018"]) | HOSTILE,
        "text": HOSTILE,
        "words": HOSTILE,
        "version": st.sampled_from(["0", "-1", "9" * 18, "9" * 400, "۱", "the one"]) | HOSTILE,
    },
)


@examples(10)
@given(
    status=st.sampled_from(Status),
    is_offered=st.sampled_from(["", "offered", "agreed"]),
    acts=st.lists(st.tuples(st.sampled_from(ACTIONS), ON_THE_PRIVATE_PAGE, FILES), min_size=1, max_size=6),
)
def test_no_order_of_posts_makes_a_private_page_fail(
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
        request = patient.now()
        related = (request.events, request.notes, request.attachments, request.appointments)
        for row in (request, *(row for rows in related for row in rows.all())):
            row.full_clean()
    finally:
        transaction.savepoint_rollback(savepoint)


def test_wrong_content_and_methods_get_a_proper_answer(client: Client, notice: PrivacyNotice) -> None:
    for content_type in ("application/json", "text/plain", "application/octet-stream"):
        response = client.post(FORM, b'{"send": 1}', content_type=content_type)
        assert response.status_code == 200, content_type
        assert b"There is a problem" in response.content
    for name in ("request", "privacy"):
        address = reverse(f"consultations:{name}")
        for method in ("put", "delete", "patch", "options"):
            assert getattr(client, method)(address).status_code == 405, (name, method)
    files = {field: SimpleUploadedFile("x.txt", b"x") for field in ("patient_name", "key")}
    assert client.post(FORM, files).status_code == 200  # files in place of words
