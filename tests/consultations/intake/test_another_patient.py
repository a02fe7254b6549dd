"""A form sent again for another patient becomes a new form and a separate request."""

from datetime import timedelta
from typing import Any

import pytest

from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.intake import views
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.consultations.intake.test_form_attachments import WithFiles, a_photograph

pytestmark = pytest.mark.django_db

YOUNGER = {"patient_name": "Sara Khan", "patient_age": "3"}
OFFER = "This is for another patient"


class Family:
    """A parent who sends a request for a child of seven, and goes back to the filled form."""

    def __init__(self, patient: Patient, **answers: Any) -> None:
        self.patient = patient
        self.form = patient.answers(**answers).hidden_fields()
        self.first = self.sends()

    def sends(self, **changes: str) -> str:
        """Send the same form with other answers; return the address that it leads to."""
        self.patient.posts(self.form | changes | {"send": "yes"})
        assert self.patient.response.status_code == 303
        address: str = self.patient.response["Location"]
        return address

    def checks(self, **changes: str) -> str:
        """The text of "Check your answers" of the same form."""
        return self.patient.posts(self.form | changes).one("main").text

    def sends_for_another(self, **changes: str) -> str:
        """Take the offer for another patient, and send the new form."""
        assert OFFER in self.checks(**changes)
        self.patient.presses("another_patient")
        assert OFFER not in self.patient.page.one("main").text
        self.patient.presses("send")
        assert self.patient.response.status_code == 303
        address: str = self.patient.response["Location"]
        return address


@pytest.fixture
def family(patient: Patient) -> Family:
    return Family(patient)


def test_the_next_child_has_a_request_and_a_page_of_its_own(family: Family, patient: Patient) -> None:
    second = family.sends_for_another(**YOUNGER)
    elder, younger = ConsultationRequest.objects.order_by("pk")
    assert (elder.patient_name, elder.patient_age) == ("علی خان", 7)
    assert (younger.patient_name, younger.patient_age) == ("Sara Khan", 3)
    assert (elder.phone, elder.message) == (younger.phone, younger.message)
    assert not Note.objects.exists()
    assert [event.kind for event in Event.objects.all()] == [Event.Kind.SUBMITTED] * 2
    for address, its, other in ((family.first, elder, younger), (second, younger, elder)):
        text = patient.opens(address).one("main").text
        assert its.reference in text
        assert other.reference not in text
        assert "with other answers" not in text
    assert family.sends() == family.first


def test_sending_another_patient_under_a_used_key_stores_nothing_and_makes_the_offer(
    family: Family, patient: Patient
) -> None:
    page = patient.posts(family.form | YOUNGER | {"send": "yes"})
    assert patient.response.status_code == 409
    assert OFFER in page.one("main").text
    assert "These answers are not sent yet." in page.one("main").text
    assert f"{family.first}note/" in [link["href"] for link in page.all("a")]
    assert not page.all("button", name="send")
    assert ConsultationRequest.objects.count() == 1


def test_the_new_form_sent_again_is_the_same_request(family: Family, patient: Patient) -> None:
    second = family.sends_for_another(**YOUNGER)
    for _ in range(2):
        patient.posts(patient.sent)
        assert patient.response["Location"] == second
    # The offer of the first form, taken once more in the same browser.
    repeated = family.sends_for_another(**YOUNGER)
    assert ConsultationRequest.objects.count() == 2
    assert patient.opens(repeated).one("strong").text == patient.opens(second).one("strong").text


def test_a_new_name_or_a_new_age_alone_is_no_other_patient(family: Family) -> None:
    for changes in ({"patient_name": "Ali Khan"}, {"patient_age": "8"}, {"message": "Worse."}):
        text = family.checks(**changes)
        assert OFFER not in text
        assert "This request has been sent already." in text
        assert family.sends(**changes) == f"{family.first}?done=resent"
    assert family.sends(phone="0321 9876543") == family.first
    assert ConsultationRequest.objects.count() == 1


def test_the_page_says_when_answers_were_not_saved(family: Family, patient: Patient) -> None:
    inset = patient.opens(family.sends(message="Worse.")).by_class("inset")[0]
    assert "We have kept your first answers." in inset.text
    assert [link["href"] for link in inset.children if link.tag == "a"][:2] == ["note/", "phone/"]


def test_each_child_is_acknowledged_separately(patient: Patient) -> None:
    family = Family(patient, contact_method="email", email="ayesha@example.com")
    second = family.sends_for_another(**YOUNGER)
    mails = OutgoingMessage.objects.filter(kind="acknowledgement").order_by("pk")
    references = ConsultationRequest.objects.order_by("pk").values_list("reference", flat=True)
    assert [mail.about for mail in mails] == list(references)
    assert all(address in mail.text for mail, address in zip(mails, (family.first, second), strict=True))


def test_attachments_go_to_the_child_they_were_chosen_for(patient: Patient) -> None:
    chooser = WithFiles(patient)
    check = patient.response
    chooser.adds(a_photograph("red"))
    patient.presses("send")
    patient.response = check
    chooser.adds(a_photograph("blue"), a_photograph("green"))
    patient.posts(patient.page.hidden_fields() | YOUNGER)
    patient.presses("another_patient")
    patient.presses("send")
    assert [each.attachments.count() for each in ConsultationRequest.objects.order_by("pk")] == [1, 2]
    assert not Event.objects.filter(kind=Event.Kind.ATTACHMENT_ADDED).exists()


def test_the_offer_taken_twice_from_a_cached_page_moves_each_attachment_once(patient: Patient) -> None:
    chooser = WithFiles(patient)
    check = patient.response
    patient.presses("send")
    patient.response = check
    chooser.adds(a_photograph("blue"))
    offered = patient.posts(patient.page.hidden_fields() | YOUNGER)
    press = offered.hidden_fields() | {
        "another_patient": offered.one("button", name="another_patient")["value"]
    }
    patient.posts(press)
    chooser.adds(a_photograph("blue"))
    for _ in range(2):
        patient.posts(press)
        assert patient.response.status_code == 200
    patient.presses("send")
    assert ConsultationRequest.objects.latest("pk").attachments.count() == 1


def test_the_next_child_counts_for_the_limits(
    family: Family, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "REQUESTS_PER_PHONE", Limit("requests for a phone", 2, timedelta(days=1)))
    family.sends_for_another(**YOUNGER)
    family.checks(patient_name="Omar Khan", patient_age="1")
    patient.presses("another_patient")
    patient.presses("send")
    assert patient.response.status_code == 429
    assert ConsultationRequest.objects.count() == 2


def test_a_form_that_was_a_duplicate_offers_the_next_child_too(family: Family, patient: Patient) -> None:
    again = Family(patient)  # fetched again, and sent with the same answers
    assert ConsultationRequest.objects.count() == 1
    assert again.sends_for_another(**YOUNGER) not in (family.first, again.first)
    assert ConsultationRequest.objects.count() == 2


def test_a_forged_offer_is_ignored_and_spam_is_set_aside(family: Family, patient: Patient) -> None:
    patient.posts(family.form | YOUNGER | {"another_patient": SubmissionKey.new().secret})
    assert OFFER in patient.page.one("main").text
    family.sends_for_another(**YOUNGER, website="https://pills.example")
    statuses = ConsultationRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Status.NEW, Status.QUARANTINED]


def test_the_check_page_takes_few_queries(family: Family, django_assert_max_num_queries: Any) -> None:
    for changes in ({}, YOUNGER):
        with django_assert_max_num_queries(15):
            family.checks(**changes)


def test_the_next_child_sent_at_once_is_not_too_fast(family: Family) -> None:
    family.sends_for_another(**YOUNGER)
    assert ConsultationRequest.objects.latest("pk").status == Status.NEW
