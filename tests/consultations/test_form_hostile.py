"""Whatever is sent to the form: an answer in words, never a failure, and nothing stored by accident."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from consultations import services
from consultations.forms import RequestForm
from consultations.keys import SubmissionKey
from consultations.models import ConsultationRequest, PrivacyNotice
from tests.factories import form_data

pytestmark = pytest.mark.django_db

# The rows that a test stores are taken back after it, not after each of its examples: the fixtures may stay.
many = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

NAMES = [*form_data(email=""), "key", "notice", "source_page"]

# Half of what is sent is right, so that the examples come past the first question.
HOSTILE = st.text(max_size=200) | st.sampled_from(
    ["\x00", "\ud800", "ﷺ" * 100, "\u202e", "0" * 50, "' OR 1=1 --", "<script>", "{{ 7|add:7 }}", "%s%n"]
)


def a_form() -> st.SearchStrategy[dict[str, str]]:
    right = {name: st.just(value) for name, value in form_data(email="a@example.com").items()}
    return st.fixed_dictionaries(
        {}, optional={name: right.get(name, st.just("")) | HOSTILE for name in NAMES}
    )


@many
@given(sent=a_form())
def test_a_form_is_valid_or_says_what_to_do(notice: PrivacyNotice, sent: dict[str, str]) -> None:
    form = RequestForm(sent | {"notice": str(notice.pk)}, notice=notice, language="en")
    if not form.is_valid():
        assert all(len(sentences) == 1 and sentences[0] for sentences in form.errors.values())
        assert "__all__" not in form.errors


@many
@given(
    changes=st.dictionaries(
        st.sampled_from(["patient_name", "requester_name", "relationship", "message"]), HOSTILE
    )
)
def test_what_is_valid_can_be_stored_and_found(notice: PrivacyNotice, changes: dict[str, str]) -> None:
    form = RequestForm(form_data(**changes) | {"notice": str(notice.pk)}, notice=notice, language="en")
    if not form.is_valid():
        return
    request = services.submit(form.submission)
    request.refresh_from_db()
    assert request.answers == form.answers
    request.full_clean()
    assert request in ConsultationRequest.objects.search(request.patient_name)


@settings(many, max_examples=40)
@given(sent=a_form(), button=st.sampled_from(["", "send", "change"]), value=HOSTILE)
def test_no_post_makes_a_page_fail(
    notice: PrivacyNotice, sent: dict[str, Any], button: str, value: str
) -> None:
    data = {name: text.encode("utf-8", "replace").decode() for name, text in sent.items()}
    if button:
        data[button] = value.encode("utf-8", "replace").decode()
    client = Client(raise_request_exception=True)
    before = ConsultationRequest.objects.count()
    response = client.post(reverse("consultations:request"), data)
    assert response.status_code in (200, 303)
    is_sent = response.status_code == 303
    assert ConsultationRequest.objects.count() == before + is_sent
    assert not is_sent or SubmissionKey.from_form(data["key"])


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
