"""A form without its CSRF cookie loses no answers; the emergency question needs no cookie."""

import pytest
from django.test import Client

from consultations.models import ConsultationRequest
from consultations.tokens import SubmissionKey
from tests.consultations.form_pages import Page
from tests.factories import a_notice, form_data

pytestmark = pytest.mark.django_db

FORM = "/consultation/request/"


@pytest.fixture
def person() -> Client:
    return Client(enforce_csrf_checks=True)


def filled(**other: str) -> dict[str, object]:
    key = SubmissionKey.new()
    fixed = {"key": SubmissionKey(key.secret, key.made_at - 60).for_form(), "notice": str(a_notice().pk)}
    return form_data() | fixed | other


def test_emergency_question_needs_no_cookie(person: Client) -> None:
    for answer, address in [("yes", "/consultation/emergency/"), ("no", FORM)]:
        response = person.post("/consultation/", {"emergency": answer})
        assert (response.status_code, response["Location"]) == (303, address)


@pytest.mark.parametrize("path", [FORM, FORM + "attachments/"])
def test_lost_cookie_shows_answers_to_send_again(person: Client, path: str) -> None:
    data = filled(send="yes")
    response = person.post(path, data)
    page = Page(response)
    assert response.status_code == 403
    assert not ConsultationRequest.objects.exists()
    assert "Your browser did not send the cookie" in page.by_class("error-summary")[0].text
    hidden = page.hidden_fields()
    assert (hidden["patient_name"], hidden["key"]) == (data["patient_name"], data["key"])
    assert "no-store" in response["Cache-Control"]
    again = data | {"csrfmiddlewaretoken": hidden["csrfmiddlewaretoken"]}
    assert person.post(FORM, again).status_code == 303
    assert ConsultationRequest.objects.count() == 1


def test_lost_cookie_with_invalid_answers_shows_errors(person: Client) -> None:
    response = person.post(FORM, filled(patient_age="two", send="yes"))
    page = Page(response)
    assert response.status_code == 403
    assert page.one("input", name="patient_age")["value"] == "two"
    assert page.one("title").text.startswith("Error: ")


def test_lost_cookie_page_ignores_other_sites(person: Client) -> None:
    response = person.post(FORM, filled(send="yes"), headers={"origin": "https://evil.example"})
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()
    assert not ConsultationRequest.objects.exists()


def test_missing_slash_redirects_uncached(client: Client) -> None:
    for path in [
        "/consultation/request",
        "/consultation/abc",
        "/consultation/abc/note",
        "/consultation/emergency",
    ]:
        response = client.get(path + "?done=x")
        assert (response.status_code, response["Location"]) == (302, path + "/?done=x")
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
