"""Staff find a request by what they have at hand."""

import pytest

from consultations.models import ConsultationRequest
from consultations.phone_numbers import parse
from consultations.portal import actions
from tests.factories import a_request

pytestmark = pytest.mark.django_db


@pytest.fixture
def wanted() -> ConsultationRequest:
    a_request(patient_name="Bilal Ahmed", phone="+923219876543", phone_as_typed="0321 9876543")
    a_request(patient_name="ولی خان", phone="+924235761999", phone_as_typed="042 35761999")
    return a_request(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="علی رضا",
        phone="+923012345678",
    )


@pytest.mark.parametrize(
    "text",
    [
        "علی",
        "علي",
        "رضا علی",
        "ayesha",
        "KHAN Ayesha",
        "ayes",
        "03012345678",
        "0301-234 5678",
        "+92 301 2345678",
        "00923012345678",
        "۰۳۰۱۲۳۴۵۶۷۸",
        "2345678",
        "5678",
    ],
)
def test_a_request_is_found_by_any_name_in_it_and_by_its_phone(
    wanted: ConsultationRequest, text: str
) -> None:
    assert list(ConsultationRequest.objects.search(text)) == [wanted]


def test_search_finds_a_corrected_number_and_no_longer_the_former_one() -> None:
    request = a_request(patient_name="Ayesha Khan")
    actions.correct_phone(request, parse("0321 9876543"))
    for text in ("Ayesha Khan", "03219876543", request.reference):
        assert list(ConsultationRequest.objects.search(text)) == [request]
    assert not ConsultationRequest.objects.search("0301 2345678")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Abdul-Rehman Butt", "abdul rehman"),
        ("Abdul-Rehman Butt", "rehman"),
        ("Abdul-Rehman Butt", "Butt, Abdul-Rehman"),
        ("M.Yousaf", "yousaf"),
        ("Ali,Raza Shah", "raza shah"),
        ("Ali (Raza)", "raza"),
        ("ضیا۔الرحمٰن", "الرحمن"),
        ("محمد،علی", "علی"),
        ("Sean O'Brien", "O’Brien"),
        ("Sean O’Brien", "o'brien"),
        ("Sean O’Brien", "brien"),
        ("اکبر خاں", "خان"),
        ("اکبر خان", "خاں"),
        ("नीलिमा शर्मा", "शर्मा"),
    ],
)
def test_a_name_is_found_by_each_of_its_words_whatever_stands_between_them(name: str, text: str) -> None:
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    request = a_request(patient_name=name)
    assert list(ConsultationRequest.objects.search(text)) == [request]


def test_a_name_beside_a_reference_or_a_part_of_one_is_found(wanted: ConsultationRequest) -> None:
    for text in (f"Ayesha {wanted.reference}", wanted.reference[:6]):
        assert wanted in ConsultationRequest.objects.search(text), text
    assert not ConsultationRequest.objects.search(f"Bilal {wanted.reference}")


def test_a_request_is_found_by_its_reference_in_any_spelling(wanted: ConsultationRequest) -> None:
    bare = wanted.reference.removeprefix("MS-").replace("-", "")
    for text in (wanted.reference, wanted.reference.lower(), bare, f"ms {bare.lower()}", bare[:6]):
        assert wanted in ConsultationRequest.objects.search(text), text
    assert list(ConsultationRequest.objects.search(wanted.reference)) == [wanted]


def test_look_alikes_in_a_reference_are_forgiven(wanted: ConsultationRequest) -> None:
    wanted.terms.filter(term=wanted.reference.lower()).update(term="ms-q285-vx9d")
    assert list(ConsultationRequest.objects.search("ms-oZbS-ux9d")) == [wanted]


@pytest.mark.parametrize("text", ["Ayesha Bilal", "0300 0000000", "MS-7K4Q-92XD", "😀", "%", "_"])
def test_what_fits_no_request_finds_none(wanted: ConsultationRequest, text: str) -> None:
    assert not ConsultationRequest.objects.search(text).exclude(reference__startswith="MS-7K4Q")


@pytest.mark.parametrize("text", ["", "   ", "\u200f"])
def test_an_empty_search_leaves_the_list_as_it_is(wanted: ConsultationRequest, text: str) -> None:
    assert ConsultationRequest.objects.search(text).count() == 3
