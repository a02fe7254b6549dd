"""A correction of typing republishes under the review that was; what is more needs a review of its own."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, EmergencyText, Practitioner, Procedure, Publication, Source
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.admin_forms import address, errors_in
from tests.factories import a_procedure, a_reviewer, published, shared_texts, staff
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, boxes, numbers, signed

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    return a_procedure()


@pytest.fixture
def clinician() -> Client:
    client = Client()
    client.force_login(staff("Clinical reviewer"))
    return client


def corrected(clinician: Client, procedure: Procedure, **changes: str) -> Any:
    empty = {"reviewer": "", "reviewed_on": "", "review_due_on": ""}
    return signed(clinician, procedure, empty | {"is_minor": "on"} | changes)


def test_a_correction_keeps_the_review_and_its_dates_and_is_recorded_as_one(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2028, 3, 1))
    clock.shift(timedelta(days=30))
    clinician.force_login(staff("Clinical reviewer", email="a-month-later@clinic.example"))
    procedure.risks.update(body="Germs can get in.")
    corrected(clinician, procedure)
    first, second = Publication.objects.order_by("number")
    assert (second.is_minor, second.reviewer) == (True, first.reviewer)
    assert (second.reviewed_on, second.review_due_on) == (date(2026, 3, 1), date(2028, 3, 1))
    review = PageDocument.from_json(second.document).review
    assert review and (review.reviewed_on, review.due_on) == (date(2026, 3, 1), date(2028, 3, 1))
    assert "(typing corrected)" in read(clinician.get(address(procedure, "history_of"))).text


def test_a_correction_too_must_be_read(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Germs can get in.")
    response = corrected(clinician, procedure, read_risks="")
    assert errors_in(response) == ["Read this change and tick the box."]


def test_a_page_that_was_never_reviewed_cannot_be_corrected(clinician: Client, procedure: Procedure) -> None:
    publishing.publish_sample(procedure, language="en")
    response = corrected(clinician, procedure)
    assert errors_in(response) == ["No reviewed version of this page has been live: it needs a full review."]
    assert numbers() == [1]


NOT_TYPING = {
    "a number": lambda page: page.risks.update(body="About 1 in 20."),
    "a number in other digits": lambda page: page.risks.update(body="۲۰"),
    "a number taken out": lambda page: page.keyfacts.all().delete(),
    "a risk taken out": lambda page: page.risks.filter(name="Scars").delete(),
    "a risk added": lambda page: page.risks.create(name="New", body="…"),
    "a risk called rarer": lambda page: page.risks.update(frequency="uncommon"),
    "a card of another level": lambda page: page.carecards.update(level="routine"),
    "a line less on a card": lambda page: page.carecards.update(items="it bleeds"),
    "a section emptied": lambda page: page.sections.filter(kind="why").update(body=""),
    "planned instead of emergency": lambda page: Procedure.objects.update(urgency="both"),
    "a question answered": lambda page: page.questions.update(answer="Yes."),
    "another author": lambda page: Procedure.objects.update(author="Somebody else"),
    "another title of a source": lambda page: Source.objects.update(title="Another book"),
    "another publisher of a source": lambda page: Source.objects.update(publisher="A shop"),
    "another address of a source": lambda page: Source.objects.update(url="https://elsewhere.example/"),
}


@pytest.mark.parametrize("what", NOT_TYPING)
def test_more_than_typing_needs_a_full_review(clinician: Client, procedure: Procedure, what: str) -> None:
    procedure.risks.create(name="Scars", body="Each cut leaves one.", frequency="common", position=2)
    procedure.keyfacts.create(
        label="Length", value="3 hours", certainty="varies", source=procedure.citations.get().source
    )
    procedure.carecards.update(items="it bleeds\nit swells")
    procedure.questions.create(text="May I drive?")
    procedure.sections.create(kind="faqs", heading="Questions", position=8)
    procedure.citations.create(source=procedure.citations.get().source, section="risks", statement="…")
    published(procedure)
    NOT_TYPING[what](procedure)
    response = corrected(clinician, procedure)
    assert any("needs a full review" in error for error in errors_in(response)), errors_in(response)
    assert numbers() == [1]


def test_a_sample_person_signs_for_nobody_whoever_stands_in_that_row_later(
    clinician: Client, procedure: Procedure
) -> None:
    """Patients read "Not yet reviewed" under what a sample signed."""
    sample = a_reviewer(name="Dr. Sample", registration_number="SAMPLE-0001", is_sample=True)
    published(procedure, reviewer=sample)
    Practitioner.objects.update(name="Dr. Real Person", registration_number="99-P", is_sample=False)
    assert boxes(clinician, procedure) == ["read_all"]
    response = corrected(clinician, procedure)
    assert errors_in(response) == ["No reviewed version of this page has been live: it needs a full review."]
    assert numbers() == [1]


def test_the_last_review_is_the_last_one_of_a_real_person(clinician: Client, procedure: Procedure) -> None:
    real = published(procedure, reviewed_on=date(2026, 3, 1)).reviewer
    procedure.risks.update(body="Germs get in, says a sample.")
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    assert boxes(clinician, procedure) == ["read_risks"]
    corrected(clinician, procedure)
    third = Publication.objects.get(number=3)
    assert (third.reviewer, third.reviewed_on) == (real, date(2026, 3, 1))


@pytest.mark.parametrize(
    "row", [{"name": "Dr. Other"}, {"registration_number": "99-P"}, {"is_sample": True}], ids=str
)
def test_no_correction_while_the_row_of_whoever_signed_names_another(
    clinician: Client, procedure: Procedure, row: dict[str, Any]
) -> None:
    published(procedure)
    Practitioner.objects.update(**row)
    assert errors_in(corrected(clinician, procedure)) == [
        "The last review was signed by Dr. Ayesha Khan, 12345-P. The entry under Practitioners says "
        "otherwise today: that needs a full review."
    ]
    assert numbers() == [1]


def test_a_correction_carries_the_review_as_it_was_signed(clinician: Client, procedure: Procedure) -> None:
    before = PageDocument.from_json(published(procedure).document).review
    Practitioner.objects.update(specialty="Heart Surgery", qualifications="All of them")
    corrected(clinician, procedure)
    assert PageDocument.from_json(Publication.objects.get(number=2).document).review == before


def test_a_withdrawn_page_comes_back_by_no_correction(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    notice = "withdrawn on 1 June 2026: patients do not see it. Only a full review brings it back."
    assert notice not in read(clinician.get(address(procedure, "publish"))).text
    clock.shift(1)
    publishing.withdraw(procedure, language="en")
    assert notice in read(clinician.get(address(procedure, "publish"))).text
    response = corrected(clinician, procedure)
    assert errors_in(response) == [
        "This page is not on the site: bringing it back is more than typing and needs a full review."
    ]
    assert client.get(PATH).status_code == 410
    published(procedure)
    assert notice not in read(clinician.get(address(procedure, "publish"))).text


@pytest.mark.parametrize("live_from", ["2027-03-01T09:00", "9999-12-31T00:00"])
def test_a_correction_waits_for_no_time_after_the_review_has_run_out(
    clinician: Client, procedure: Procedure, live_from: str
) -> None:
    published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))
    response = corrected(clinician, procedure, live_from=live_from)
    assert errors_in(response) == ["This is after the next review. Choose an earlier time."]
    assert numbers() == [1]
    corrected(clinician, procedure, live_from="2027-02-28T09:00")
    assert numbers() == [1, 2]


@pytest.mark.parametrize("called_off", [True, False])
def test_no_correction_is_signed_by_a_review_of_what_patients_have_not_seen(
    clinician: Client, procedure: Procedure, called_off: bool
) -> None:
    """Neither one that waits nor one that was called off stands behind any text of today."""
    first = published(procedure, reviewed_on=date(2026, 3, 1))
    procedure.risks.update(body="Germs almost never get in.")
    waiting = published(procedure, live_from=NOW + timedelta(days=5), reviewed_on=date(2026, 5, 30))
    if called_off:
        publishing.call_off(waiting)
    publishing.restore(first, by=None)
    corrected(clinician, procedure)
    third = Publication.objects.get(number=3)
    assert (third.is_minor, third.reviewed_on) == (True, date(2026, 3, 1))


def test_a_page_whose_first_version_waits_cannot_be_corrected(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure, live_from=NOW + timedelta(days=5))
    response = corrected(clinician, procedure, read_all="on")
    assert errors_in(response) == ["No reviewed version of this page has been live: it needs a full review."]


def test_a_number_that_is_to_change_is_changed_back_by_no_correction(
    clinician: Client, procedure: Procedure
) -> None:
    """Held against it is also what patients will see by the time it comes."""
    procedure.citations.create(source=procedure.citations.get().source, section="risks", statement="…")
    first = published(procedure)
    procedure.risks.update(body="About 1 in 20.")
    published(procedure, live_from=NOW + timedelta(days=5))
    publishing.restore(first, by=None)
    response = corrected(clinician, procedure, live_from="2026-06-20T09:00")
    assert errors_in(response) == ["A number has changed: that needs a full review."]


@pytest.mark.parametrize(
    "shared",
    [
        {"steps": "Wait at home until morning."},
        {"warnings": "Do now wait."},
        {"heading": "No need to call 1122 if:"},
    ],
)
def test_no_word_of_the_emergency_text_is_mere_typing(
    clinician: Client, procedure: Procedure, shared: dict[str, str]
) -> None:
    EmergencyText.objects.update(steps="Call for help.")
    published(procedure)
    EmergencyText.objects.update(**shared)
    response = corrected(clinician, procedure)
    assert errors_in(response) == [
        "The emergency text or the disclaimer has changed: that needs a full review."
    ]
    assert numbers() == [1]


def test_no_word_of_the_disclaimer_is_mere_typing_but_a_comma_is(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure)
    Disclaimer.objects.update(body="For information, only.")
    corrected(clinician, procedure)
    assert numbers() == [1, 2]
    Disclaimer.objects.update(body="All of this is true.")
    response = corrected(clinician, procedure)
    assert errors_in(response) == [
        "The emergency text or the disclaimer has changed: that needs a full review."
    ]


def test_corrections_do_not_add_up_to_another_number(clinician: Client, procedure: Procedure) -> None:
    """Each is held against the last full review, not against the correction before it."""
    published(procedure)
    for body in ("Germs can get in.", "Germs may get in."):
        procedure.risks.update(body=body)
        corrected(clinician, procedure)
    assert numbers() == [1, 2, 3]


def test_a_correction_of_a_page_whose_reviewer_lost_the_registration_is_refused(
    clinician: Client, procedure: Procedure
) -> None:
    publication = published(procedure)
    assert publication.reviewer
    publication.reviewer.__class__.objects.update(registration_number="")
    procedure.risks.update(body="Germs can get in.")
    assert corrected(clinician, procedure).status_code == 200
    assert numbers() == [1]
