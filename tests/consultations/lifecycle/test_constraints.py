"""What the database refuses, whatever the code above it does."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from consultations.models import ConsultationRequest
from tests.factories import a_notice, a_request

pytestmark = pytest.mark.django_db

NO_WRITER = "Enter the name of the person who asks, and their relationship."
NO_PROCEDURE = "Choose what the request is about."
REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"status": "lost"}, "Choose a status that exists."),
    ({"for_whom": "dog"}, "Choose who the request is for."),
    ({"for_whom": "child"}, NO_WRITER),
    ({"for_whom": "adult", "requester_name": "Ali"}, NO_WRITER),
    ({"patient_name": ""}, "Enter the patient’s full name."),
    ({"patient_age": 121}, "Enter the patient’s age in years, from 0 to 120."),
    ({"patient_age": -1}, "Enter the patient’s age in years, from 0 to 120."),
    ({"patient_age": None}, "Enter the patient’s age in years, from 0 to 120."),
    ({"channel": "phone"}, "A request that staff took names who took it, and the consent."),
    ({"consent": "phone"}, "A request that staff took names who took it, and the consent."),
    ({"about": "procedure"}, NO_PROCEDURE),
    ({"about": "money"}, NO_PROCEDURE),
    ({"procedure_name": "Nerve Repair"}, NO_PROCEDURE),
    ({"contact_method": "pigeon"}, "Choose how to reach the patient."),
    ({"contact_method": "email"}, "Enter an email address, or choose another way of contact."),
    ({"phone": "03012345678"}, "The phone number must begin with + and the country’s code."),
]


def refuses(request: ConsultationRequest, **changes: Any) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ConsultationRequest.objects.filter(pk=request.pk).update(**changes)
        pytest.fail(f"{changes} was not refused")


def test_database_refuses_impossible_requests_and_validation_says_what_to_do() -> None:
    for changes, sentence in REFUSED:
        request = a_request()
        refuses(request, **changes)
        for name, value in changes.items():
            setattr(request, name, value)
        with pytest.raises(ValidationError) as caught:
            request.validate_constraints()
        assert caught.value.messages == [sentence], changes
    for age in (0, 120):
        assert a_request(patient_age=age).patient_age == age


def test_unique_columns_of_requests_and_notices() -> None:
    first, second = a_request(), a_request()
    ConsultationRequest.objects.filter(pk=first.pk).update(duplicate_fingerprint="a")
    first.refresh_from_db()
    for field in ("reference", "key_hash", "duplicate_fingerprint"):
        refuses(second, **{field: getattr(first, field)})
    notice = a_notice()
    with pytest.raises(IntegrityError), transaction.atomic():
        a_notice(number=notice.number)
    a_notice(number=notice.number, language="ur")
