"""A form is filled in again for the next child after it was sent: that is another request, never a note."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse

from clinic_site.core.rate_limits import Limit
from clinic_site.mail.models import OutgoingMessage
from consultations.data_rights import erasure
from consultations.intake import submission, views
from consultations.models import ConsultationRequest, Event, Note
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from tests.consultations.conftest import Patient
from tests.consultations.intake.test_form_attachments import WithFiles, a_photograph
from tests.consultations.portal.portal_pages import a_coordinator
from tests.factories import a_submission

pytestmark = pytest.mark.django_db

YOUNGER = {"patient_name": "Sara Khan", "patient_age": "3"}


class Family:
    """A parent who sends a request for a child of seven, and goes back to the filled form."""

    def __init__(self, patient: Patient, **answers: Any) -> None:
        self.patient = patient
        self.form = patient.answers(**answers).hidden_fields()
        self.first = self.sends()

    def sends(self, **changes: str) -> str:
        """The same form, with other answers. Gives the address that it leads to."""
        self.patient.posts(self.form | changes | {"send": "yes"})
        assert self.patient.response.status_code == 303
        address: str = self.patient.response["Location"]
        return address

    def checks(self, **changes: str) -> str:
        """What "Check your answers" says of the same form."""
        return self.patient.posts(self.form | changes).one("main").text


@pytest.fixture
def family(patient: Patient) -> Family:
    return Family(patient)


def test_the_next_child_is_a_request_of_its_own_with_a_page_of_its_own(
    family: Family, patient: Patient
) -> None:
    second = family.sends(**YOUNGER)
    elder, younger = ConsultationRequest.objects.order_by("pk")
    assert (elder.patient_name, elder.patient_age) == ("علی خان", 7)
    assert (younger.patient_name, younger.patient_age) == ("Sara Khan", 3)
    assert not Note.objects.exists()
    assert [event.kind for event in Event.objects.all()] == [Event.Kind.SUBMITTED] * 2
    for address, its, other in ((family.first, elder, younger), (second, younger, elder)):
        text = patient.opens(address).one("main").text
        assert its.reference in text
        assert other.reference not in text
        assert "with other answers" not in text


def test_pressing_again_for_either_is_the_same_request(family: Family) -> None:
    second = family.sends(**YOUNGER)
    assert {family.sends(**YOUNGER) for _ in range(3)} == {second}
    # However it is typed.
    assert family.sends(patient_name=" sara  KHAN", patient_age="۳") == second
    assert {family.sends() for _ in range(3)} == {family.first}
    assert family.sends(patient_name="Omar Khan", patient_age="1") not in (family.first, second)
    assert ConsultationRequest.objects.count() == 3


def test_another_answer_of_the_next_child_is_a_change_of_its_own_request(family: Family) -> None:
    second = family.sends(**YOUNGER)
    assert family.sends(**YOUNGER, message="It is worse.") == second
    assert Note.objects.get().request.patient_name == "Sara Khan"


@pytest.mark.parametrize(
    "changes", [{"patient_name": "Ali Khan"}, {"patient_age": "8"}, {"phone": "0321 9876543"}]
)
def test_what_is_no_other_patient_stays_a_change(family: Family, changes: dict[str, str]) -> None:
    assert family.sends(**changes) == family.first
    assert ConsultationRequest.objects.count() == Note.objects.count() == 1


def test_each_is_confirmed_by_itself(patient: Patient) -> None:
    family = Family(patient, contact_method="email", email="ayesha@example.com")
    second = family.sends(**YOUNGER)
    mails = OutgoingMessage.objects.filter(kind="acknowledgement").order_by("pk")
    references = ConsultationRequest.objects.order_by("pk").values_list("reference", flat=True)
    assert [mail.about for mail in mails] == list(references)
    assert [address in mail.text for mail, address in zip(mails, (family.first, second), strict=True)] == [
        True,
        True,
    ]


def test_whoever_has_one_childs_address_finds_no_other_by_it(family: Family) -> None:
    second = family.sends(**YOUNGER)
    form = SubmissionKey.from_form(family.form["key"])
    assert form
    assert second == reverse("consultations:private", args=[form.for_patient("sara khan", 3).token])
    token = family.first.rstrip("/").rpartition("/")[2]
    guessed = SubmissionKey(token, made_at=0).for_patient("sara khan", 3)
    assert not ConsultationRequest.objects.for_token(guessed.token)


def test_the_check_says_that_the_first_is_sent_and_this_one_is_not(family: Family) -> None:
    text = family.checks(**YOUNGER)
    assert "This request is not sent yet." in text
    assert "for a patient of another name and age" in text
    family.sends(**YOUNGER)
    assert "This request has been sent already." in family.checks(**YOUNGER)


def test_what_was_chosen_since_goes_to_the_child_it_was_chosen_for(patient: Patient) -> None:
    chooser = WithFiles(patient)
    check = patient.response
    chooser.adds(a_photograph("red"))
    patient.presses("send")
    patient.response = check
    chooser.adds(a_photograph("blue"), a_photograph("green"))
    patient.posts(patient.page.hidden_fields() | YOUNGER)
    patient.presses("send")
    assert [request.photographs.count() for request in ConsultationRequest.objects.order_by("pk")] == [1, 2]
    assert not Event.objects.filter(kind=Event.Kind.PHOTOGRAPH_ADDED).exists()


def test_the_next_child_counts_for_the_limits_once(
    family: Family, patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "FOR_ONE_PHONE", Limit("requests for a phone", 2, timedelta(days=1)))
    assert {family.sends(**YOUNGER) for _ in range(3)} == {family.sends(**YOUNGER)}
    patient.posts(family.form | {"patient_name": "Omar Khan", "patient_age": "1", "send": "yes"})
    assert patient.response.status_code == 429
    assert ConsultationRequest.objects.count() == 2


def test_a_form_that_became_its_twins_takes_the_next_child_as_well(family: Family, patient: Patient) -> None:
    again = Family(patient)  # the form fetched anew, and sent with the same answers
    assert ConsultationRequest.objects.count() == 1
    assert again.sends(**YOUNGER) not in (family.first, again.first)
    assert ConsultationRequest.objects.count() == 2


def test_the_next_child_stays_one_request_when_the_first_one_is_erased() -> None:
    key = SubmissionKey.new()
    first = submission.submit(a_submission(key=key, patient_name="Ali Khan", patient_age=7))
    younger = a_submission(key=key, patient_name="Sara Khan", patient_age=3)
    second = submission.submit(younger)
    erasure.erase(first, actor=a_coordinator(), reason=erasure.Reason.ASKED_BY_PHONE)
    assert submission.submit(younger) == second


def test_what_looks_like_spam_is_set_aside_for_the_next_child_too(family: Family) -> None:
    family.sends(**YOUNGER, website="https://pills.example")
    statuses = ConsultationRequest.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == [Status.NEW, Status.QUARANTINED]


def test_neither_the_check_nor_the_sending_asks_the_database_for_much(
    family: Family, django_assert_max_num_queries: Any
) -> None:
    for changes in ({}, YOUNGER):
        with django_assert_max_num_queries(15):
            family.checks(**changes)
