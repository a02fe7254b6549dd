"""The search terms: how requests are found by name, phone number and reference."""

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


def found(text: str) -> list[ConsultationRequest]:
    return list(ConsultationRequest.objects.search(text))


def test_search_finds_any_name_and_phone_in_any_spelling(wanted: ConsultationRequest) -> None:
    names = ("علی", "علي", "رضا علی", "ayesha", "KHAN Ayesha", "ayes")
    numbers = ("03012345678", "0301-234 5678", "+92 301 2345678", "00923012345678", "۰۳۰۱۲۳۴۵۶۷۸")
    for text in (*names, *numbers, "03012", "2345678", "5678"):
        assert found(text) == [wanted], text
    assert found("7765678") == []  # the last four digits alone are not enough


def test_search_finds_a_corrected_number_and_no_longer_the_former_one() -> None:
    request = a_request(patient_name="Ayesha Khan")
    actions.change_contact_details(request, parse("0321 9876543").fields())
    for text in ("Ayesha Khan", "03219876543", "6543", request.reference):
        assert found(text) == [request]
    assert not found("0301 2345678") and not found("5678")


def test_name_is_found_however_gaps_and_letters_are_written() -> None:
    a_request(patient_name="Bilal Ahmed", phone="+923219876543")
    cases = {
        "Abdul-Rehman Butt": (
            "abdul rehman",
            "rehman",
            "Butt, Abdul-Rehman",
            "AbdulRehman",
            "abdul’rehman b",
        ),
        "Abdulrahim Ziaullah": ("abdul rahim", "Abdul-Rahim Zia Ullah", "Abdulrahim"),
        "M.Yousaf": ("yousaf", "myousaf"),
        "Ali,Raza Shah": ("raza shah", "aliraza"),
        "Faiz (Latif)": ("latif",),
        "ضیا۔الرحمٰن": ("الرحمن", "ضیاالرحمن"),
        "محمد،جمیل": ("جمیل",),
        "Sean O'Brien": ("O’Brien", "o'brien", "brien", "OBrien", "O-Brien"),
        "اکبر خاں": ("اکبر خان", "اکبر خاں"),
        "नीलिमा शर्मा": ("शर्मा",),
        "نور\u200cجہاں": ("نور جہاں", "نورجہاں", "نور\u200cجہاں", "جہاں", "نور-جہاں", "نورـجہاں"),
        "عبدـالغفور": ("عبد الغفور", "عبدالغفور", "الغفور", "عبد\u200cالغفور"),
        "کریـــم": ("کریم",),
        "Łukasz Wałęsa": ("lukasz", "walesa"),
        "خانۀ دل": ("خانہ",),
        "Søren Đorđe": ("soren", "dorde"),
    }
    for name, texts in cases.items():
        request = a_request(patient_name=name)
        for text in texts:
            assert found(text) == [request], (name, text)


def test_whole_words_rank_before_beginnings_and_then_the_newest() -> None:
    older = a_request(patient_name="Noor Bibi")
    newer = a_request(patient_name="Bibi Noor")
    begins = a_request(patient_name="Noorjahan")
    joined = a_request(patient_name="Abdulnoor")
    assert found("noor") == [newer, older, begins]
    assert found("abdul noor") == [joined]


def test_name_beside_reference_is_found(wanted: ConsultationRequest) -> None:
    for text in (f"Ayesha {wanted.reference}", wanted.reference[:6]):
        assert wanted in found(text), text
    assert not found(f"Bilal {wanted.reference}")


def test_reference_is_found_in_any_spelling(wanted: ConsultationRequest) -> None:
    bare = wanted.reference.removeprefix("MS-").replace("-", "")
    for text in (wanted.reference, wanted.reference.lower(), bare, f"ms {bare.lower()}", bare[:6]):
        assert wanted in found(text), text
    assert found(wanted.reference) == [wanted]
    # Look-alikes are forgiven.
    wanted.terms.filter(term=wanted.reference.lower()).update(term="ms-q285-vx9d")
    assert found("ms-oZbS-ux9d") == [wanted]


def test_other_searches_find_nothing_and_empty_ones_everything(wanted: ConsultationRequest) -> None:
    for text in ("Ayesha Bilal", "0300 0000000", "MS-7K4Q-92XD", "😀", "%", "_"):
        assert not ConsultationRequest.objects.search(text).exclude(reference__startswith="MS-7K4Q"), text
    for text in ("", "   ", "\u200f"):
        assert ConsultationRequest.objects.search(text).count() == 3
