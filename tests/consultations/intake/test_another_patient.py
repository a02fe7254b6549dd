"""A form sent again for another patient becomes a new form and a separate request."""

from datetime import timedelta
from typing import Any

import pytest

from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import submission
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import Patient

pytestmark = pytest.mark.django_db

YOUNGER = {"patient_name": "Sara Khan", "patient_age": "3"}
OFFER = "This is for another patient"
BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


class Family:
    """A parent who sends a request for a child of seven, and goes back to the filled form."""

    def __init__(self, patient: Patient, **answers: Any) -> None:
        self.patient = patient
        self.form = patient.answers(**answers).hidden_fields()
        self.first = patient.confirms()

    def sends(self, **changes: str) -> str:
        """Send the same form with other answers; return the address that it leads to."""
        self.patient.posts(self.form | changes | {"send": "yes"})
        assert self.patient.response.status_code == 303
        address: str = self.patient.response["Location"]
        return address

    def checks(self, **changes: str) -> str:
        """Return the text of "Check your answers" of the same form."""
        self.patient.posts(self.form | changes)
        return self.patient.text

    def sends_for_another(self, **changes: str) -> str:
        """Take the offer for another patient, and send the new form."""
        assert OFFER in self.checks(**changes)
        self.patient.presses("another_patient")
        assert OFFER not in self.patient.text
        return self.patient.confirms()


@pytest.fixture
def family(patient: Patient) -> Family:
    return Family(patient, **BY_EMAIL)


def test_next_child_has_a_request_and_a_page_of_its_own(family: Family, patient: Patient) -> None:
    second = family.sends_for_another(**YOUNGER)
    elder, younger = ConsultationRequest.objects.order_by("pk")
    assert (elder.patient_name, elder.patient_age) == ("علی خان", 7)
    assert (younger.patient_name, younger.patient_age) == ("Sara Khan", 3)
    assert (elder.phone, elder.message) == (younger.phone, younger.message)
    assert (elder.status, younger.status) == (Status.NEW, Status.NEW), "it is not too fast"
    assert not Note.objects.exists()
    assert [event.kind for event in Event.objects.all()] == [Event.Kind.SUBMITTED] * 2
    announce_new_requests()
    mails = OutgoingMessage.objects.filter(kind="acknowledgement").order_by("pk")
    assert [mail.about for mail in mails] == [elder.reference, younger.reference]
    for address, its, other in ((family.first, elder, younger), (second, younger, elder)):
        patient.opens(address)
        assert its.reference in patient.text
        assert other.reference not in patient.text
        assert "with other answers" not in patient.text
    assert family.sends() == family.first


def test_another_patient_under_a_used_key_stores_nothing_and_gets_an_offer(
    family: Family, patient: Patient
) -> None:
    page = patient.posts(family.form | YOUNGER | {"send": "yes"})
    assert patient.response.status_code == 409
    assert OFFER in patient.text
    assert "These answers are not sent yet." in patient.text
    assert f"{family.first}note/" in [link["href"] for link in page.all("a")]
    assert not page.all("button", name="send")
    patient.posts(family.form | YOUNGER | {"another_patient": SubmissionKey.new().secret})
    assert OFFER in patient.text, "a forged key is ignored"
    assert ConsultationRequest.objects.count() == 1


def test_new_form_sent_again_is_the_same_request(family: Family, patient: Patient) -> None:
    assert OFFER in family.checks(**YOUNGER)
    patient.presses("another_patient")
    new_form = patient.response
    led_to = set()
    for _press in range(3):
        patient.response = new_form
        led_to.add(patient.confirms())
    (second,) = led_to
    # The offer of the first form, taken once more in the same browser.
    repeated = family.sends_for_another(**YOUNGER)
    assert ConsultationRequest.objects.count() == 2
    assert patient.opens(repeated).one("strong").text == patient.opens(second).one("strong").text


def test_new_name_or_a_new_age_alone_is_no_other_patient(family: Family, patient: Patient) -> None:
    for changes in ({"patient_name": "Ali Khan"}, {"patient_age": "8"}, {"message": "Worse."}):
        assert OFFER not in family.checks(**changes)
        assert "This request has been sent already." in patient.text
        assert family.sends(**changes) == f"{family.first}?done=resent"
    inset = patient.opens(patient.response["Location"]).by_class("inset")[0]
    assert "We’ve kept your first answers." in inset.text
    assert [link["href"] for link in inset.all("a")][:2] == ["note/", "contact/"]
    assert family.sends(phone="0321 9876543") == family.first
    assert ConsultationRequest.objects.count() == 1


def test_next_child_counts_for_the_limits(
    family: Family, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = Limit("requests from a network", 2, timedelta(hours=1))
    monkeypatch.setattr(submission, "REQUESTS_PER_NETWORK", limit)
    family.sends_for_another(**YOUNGER)
    family.checks(patient_name="Omar Khan", patient_age="1")
    patient.presses("another_patient")
    patient.presses("send")
    assert patient.response.status_code == 429
    assert ConsultationRequest.objects.count() == 2


def test_form_that_was_a_duplicate_offers_the_next_child_too(family: Family, patient: Patient) -> None:
    again = Family(patient, **BY_EMAIL)  # fetched again, and sent with the same answers
    assert ConsultationRequest.objects.count() == 1
    third = again.sends_for_another(**YOUNGER, website="https://pills.example")
    assert third not in (family.first, again.first)
    statuses = ConsultationRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Status.NEW, Status.QUARANTINED]


def test_check_page_takes_few_queries(family: Family, django_assert_max_num_queries: Any) -> None:
    for changes in ({}, YOUNGER):
        with django_assert_max_num_queries(14):
            family.checks(**changes)
