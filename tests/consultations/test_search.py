"""Staff find a request by what they have at hand."""

from importlib import import_module
from typing import Any

import pytest
from django.apps import apps

from consultations import services
from consultations.keys import SubmissionKey
from consultations.models import ConsultationRequest, SearchTerm
from consultations.phones import parse
from consultations.services import forgetting
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

migration = import_module("consultations.migrations.0010_names_cut_into_words")


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


def test_a_request_is_found_by_the_name_it_was_sent_again_with_and_by_the_first_one() -> None:
    key = SubmissionKey.new()
    request = a_request(key=key, patient_name="Aisha Kan")
    a_request(key=key, patient_name="Ayesha Khan")
    for text in ("Aisha Kan", "Ayesha Khan", request.reference):
        assert list(ConsultationRequest.objects.search(text)) == [request]
    # A number that is corrected later takes only the wrong number away.
    services.correct_phone(request, parse("0321 9876543"))
    for text in ("Aisha Kan", "Ayesha Khan", "03219876543", request.reference):
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


def test_names_that_were_stored_whole_are_cut_and_nothing_else_is_lost() -> None:
    gone = a_request(patient_name="Erased Person")
    forgetting.erase(gone, actor=staff(), reason="asked_by_phone")
    key, long = SubmissionKey.new(), "Muhammad-" * 8 + "Yousaf"
    requests = [
        a_request(patient_name="Abdul-Rehman خاں", whatsapp="+923219876543", key=key),
        a_request(patient_name=long),
        a_request(patient_name="Bilal Ahmed"),
    ]
    a_request(patient_name="O’Brien-Kan خاں", key=key)  # sent again: by this it is found, too
    wanted = {request.pk: set(request.terms.values_list("term", flat=True)) for request in (gone, *requests)}
    assert {"abdul", "rehman", "خان", "brien", "kan"} <= wanted[requests[0].pk]
    stored_before = {
        requests[0]: {"abdul": "abdul-rehman", "brien": "o’brien-kan", "خان": "خاں"},
        requests[1]: {"muhammad": long.lower()[:60]},
    }
    SearchTerm.objects.filter(term__in=["rehman", "o", "kan", "yousaf"]).delete()
    for request, terms in stored_before.items():
        for now, then in terms.items():
            request.terms.filter(term=now).update(term=then)
    for _ in range(2):
        migration.cut_names(apps, None)
    for request, terms in wanted.items():
        found = set(SearchTerm.objects.filter(request=request).values_list("term", flat=True))
        # Of a name that was longer than a term, the last word may stand there in part as well.
        assert {term for term in found - terms if not "muhammad".startswith(term)} == set()
        assert terms <= found
    assert list(ConsultationRequest.objects.search("Yousaf")) == [requests[1]]


def test_names_are_cut_a_batch_at_a_time(
    monkeypatch: pytest.MonkeyPatch, django_assert_max_num_queries: Any
) -> None:
    requests = [a_request(patient_name=f"Abdul-Rehman {number}") for number in range(5)]
    SearchTerm.objects.filter(term="rehman").delete()
    SearchTerm.objects.filter(term="abdul").update(term="abdul-rehman")
    monkeypatch.setattr(migration, "BATCH", 2)
    # Of each batch: what is there, its terms, those that are new (marked), those that are gone.
    with django_assert_max_num_queries(25):
        migration.cut_names(apps, None)
    assert set(ConsultationRequest.objects.search("rehman")) == set(requests)
    assert not SearchTerm.objects.filter(term="abdul-rehman").exists()


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
