"""A form without its CSRF cookie loses no answers."""

import pytest
from django.test import Client

from consultations.models import ConsultationRequest
from tests.consultations.conftest import FORM, PRIVATE_NO_CACHE, Patient
from tests.factories import a_notice, form_data

pytestmark = pytest.mark.django_db


@pytest.fixture
def patient() -> Patient:
    a_notice()
    return Patient(Client(enforce_csrf_checks=True))


def test_lost_cookie_shows_answers_to_send_again(patient: Patient) -> None:
    sent = Patient(Client()).opens().hidden_fields() | form_data(send="yes")
    page = patient.posts(sent)
    assert patient.response.status_code == 403
    assert not ConsultationRequest.objects.exists()
    assert "Your browser did not send the cookie" in page.by_class("error-summary")[0].text
    hidden = page.hidden_fields()
    assert (hidden["patient_name"], hidden["key"]) == (sent["patient_name"], sent["key"])
    assert patient.response["Cache-Control"] == PRIVATE_NO_CACHE
    patient.confirms()  # with the cookie and the token of that page
    assert ConsultationRequest.objects.count() == 1


def test_lost_cookie_with_invalid_answers_shows_errors(patient: Patient) -> None:
    page = patient.answers(patient_age="two", send="yes")
    assert patient.response.status_code == 403
    assert page.one("input", name="patient_age")["value"] == "two"
    assert page.one("title").text.startswith("Error: ")


def test_form_of_another_site_is_not_shown(patient: Patient) -> None:
    response = patient.client.post(FORM, form_data(send="yes"), headers={"origin": "https://evil.example"})
    assert response.status_code == 403
    assert "Please send the form again" in response.content.decode()
    assert not ConsultationRequest.objects.exists()


def test_missing_slash_redirects_uncached(client: Client) -> None:
    for path in ("request", "abc", "abc/note", "emergency"):
        response = client.get(f"/r/{path}?done=x")
        assert (response.status_code, response["Location"]) == (302, f"/r/{path}/?done=x")
        assert "no-store" in response["Cache-Control"]
        assert response["Referrer-Policy"] == "no-referrer"
