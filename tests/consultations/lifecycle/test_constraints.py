"""What the database refuses, whatever the code above it does."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from consultations.models import ConsultationRequest, PrivacyNotice
from tests.factories import a_notice, a_request

pytestmark = pytest.mark.django_db

REFUSED = [
    ({"status": "lost"}, "Choose a status that exists."),
    ({"for_whom": "dog"}, "Choose who the request is for."),
    ({"for_whom": "child"}, "Enter the name of the person who asks, and their relationship."),
    (
        {"for_whom": "adult", "requester_name": "Ali"},
        "Enter the name of the person who asks, and their relationship.",
    ),
    ({"patient_name": ""}, "Enter the patient’s full name."),
    ({"patient_age": 121}, "Enter the patient’s age in years, from 0 to 120."),
    ({"about": "procedure"}, "Choose what the request is about."),
    ({"about": "money"}, "Choose what the request is about."),
    ({"procedure_name": "Nerve Repair"}, "Choose what the request is about."),
    ({"contact_method": "pigeon"}, "Choose how to reach the patient."),
    ({"contact_method": "email"}, "Enter an email address, or choose another way of contact."),
    ({"phone": "03012345678"}, "The phone number must begin with + and the country’s code."),
]


@pytest.mark.parametrize(("changes", "sentence"), REFUSED)
def test_the_database_refuses_what_must_never_be(changes: dict[str, Any], sentence: str) -> None:
    request = a_request()
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationRequest.objects.filter(pk=request.pk).update(**changes)


@pytest.mark.parametrize(("changes", "sentence"), REFUSED)
def test_the_sentence_for_it_says_what_to_do(changes: dict[str, Any], sentence: str) -> None:
    request = a_request()
    for name, value in changes.items():
        setattr(request, name, value)
    with pytest.raises(ValidationError) as caught:
        request.validate_constraints()
    assert caught.value.messages == [sentence]


def test_an_age_below_0_is_refused() -> None:
    request = a_request()
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationRequest.objects.filter(pk=request.pk).update(patient_age=-1)


@pytest.mark.parametrize("age", [0, 120])
def test_the_youngest_and_the_oldest_are_accepted(age: int) -> None:
    assert a_request(patient_age=age).patient_age == age


@pytest.mark.parametrize("field", ["reference", "key_hash"])
def test_no_two_requests_share_what_must_be_their_own(field: str) -> None:
    first, second = a_request(), a_request()
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationRequest.objects.filter(pk=second.pk).update(**{field: getattr(first, field)})


def test_no_two_requests_have_the_hash_of_the_same_answers() -> None:
    first, second = a_request(), a_request()
    ConsultationRequest.objects.filter(pk=first.pk).update(duplicate_fingerprint="a")
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationRequest.objects.filter(pk=second.pk).update(duplicate_fingerprint="a")


def test_two_notices_of_one_language_have_different_numbers() -> None:
    notice = a_notice()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_notice(number=notice.number)
    a_notice(number=notice.number, language="ur")


def test_a_notice_that_a_request_names_stays() -> None:
    request = a_request()
    with pytest.raises(ProtectedError):
        request.notice.delete()
    assert PrivacyNotice.objects.filter(pk=request.notice_id).exists()
