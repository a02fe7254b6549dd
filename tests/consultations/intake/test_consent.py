"""Consent applies to the notice that was shown, which the request records."""

import pytest

from consultations.models import ConsultationRequest, PrivacyNotice
from tests.consultations.conftest import Patient
from tests.factories import a_notice, form_data

pytestmark = pytest.mark.django_db

TICK = "Tick the box to agree, so that we may keep your details and contact you"


def test_request_records_notice_and_time_of_consent(patient: Patient, notice: PrivacyNotice) -> None:
    patient.sends()
    request = ConsultationRequest.objects.get()
    assert request.notice == notice
    assert request.consented_at == request.created_at


def test_consent_is_to_the_notice_that_was_shown(patient: Patient, notice: PrivacyNotice) -> None:
    check = patient.answers()
    a_notice(summary="Newer. Newer. Newer.")
    patient.posts(check.hidden_fields() | {"change": "phone"})
    assert notice.summary in patient.page.by_class("inset")[0].text
    patient.posts(check.hidden_fields() | {"send": "yes"})
    assert ConsultationRequest.objects.get().notice == notice
    assert "Newer." in patient.opens().by_class("inset")[0].text


@pytest.mark.parametrize("shown", ["", "0", "999999", "x"])
def test_consent_to_an_unknown_notice_is_asked_again(patient: Patient, shown: str) -> None:
    page = patient.posts(patient.opens().hidden_fields() | form_data() | {"notice": shown})
    assert [link.text for link in page.by_class("error-summary")[0].children if link.tag == "a"] == [TICK]
    assert "checked" not in page.one("input", name="consent").attributes
    patient.posts(page.hidden_fields() | form_data())
    assert patient.page.one("h1").text == "Check your answers"


def test_nothing_is_stored_without_consent(patient: Patient) -> None:
    check = patient.answers()
    patient.posts(check.hidden_fields() | {"consent": "", "send": "yes"})
    assert not ConsultationRequest.objects.exists()
