"""Corrections of typing are published under the last review; any other change needs a new review."""

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, EmergencyText, Practitioner, Procedure, Publication, Source
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.admin_forms import address, errors_in
from tests.factories import a_reviewer, published, staff
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, boxes, numbers, rolled_back, signed

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def corrected(clinician: Client, procedure: Procedure, **changes: str) -> Any:
    empty = {"reviewer": "", "reviewed_on": "", "review_due_on": ""}
    return signed(clinician, procedure, empty | {"is_minor": "on"} | changes)


def test_correction_keeps_the_review_and_its_dates(
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


def test_correction_requires_reading_the_changes(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    procedure.risks.update(body="Germs can get in.")
    response = corrected(clinician, procedure, read_risks="")
    assert errors_in(response) == ["Read this change and tick the box."]


def test_correction_requires_an_earlier_review(clinician: Client, procedure: Procedure) -> None:
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


def test_correction_refuses_changes_of_more_than_typing(clinician: Client, procedure: Procedure) -> None:
    procedure.risks.create(name="Scars", body="Each cut leaves one.", frequency="common", position=2)
    procedure.keyfacts.create(
        label="Length", value="3 hours", certainty="varies", source=procedure.citations.get().source
    )
    procedure.carecards.update(items="it bleeds\nit swells")
    procedure.questions.create(text="May I drive?")
    procedure.sections.create(kind="faqs", heading="Questions", position=8)
    procedure.citations.create(source=procedure.citations.get().source, section="risks", statement="…")
    published(procedure)
    for what, change in NOT_TYPING.items():
        with rolled_back():
            change(procedure)
            errors = errors_in(corrected(clinician, procedure))
            assert any("needs a full review" in error for error in errors), what
            assert numbers() == [1]


def test_correction_ignores_reviews_of_a_sample_person(clinician: Client, procedure: Procedure) -> None:
    """Patients read "Not yet reviewed" under what a sample signed."""
    sample = a_reviewer(name="Dr. Sample", registration_number="SAMPLE-0001", is_sample=True)
    published(procedure, reviewer=sample)
    Practitioner.objects.update(name="Dr. Real Person", registration_number="99-P", is_sample=False)
    assert boxes(clinician, procedure) == ["read_all"]
    response = corrected(clinician, procedure)
    assert errors_in(response) == ["No reviewed version of this page has been live: it needs a full review."]
    assert numbers() == [1]


def test_correction_uses_the_last_review_of_a_real_person(clinician: Client, procedure: Procedure) -> None:
    real = published(procedure, reviewed_on=date(2026, 3, 1)).reviewer
    procedure.risks.update(body="Germs get in, says a sample.")
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    assert boxes(clinician, procedure) == ["read_risks"]
    corrected(clinician, procedure)
    third = Publication.objects.get(number=3)
    assert (third.reviewer, third.reviewed_on) == (real, date(2026, 3, 1))


def test_correction_refuses_a_reviewer_whose_row_has_changed(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    for row in ({"name": "Dr. Other"}, {"registration_number": "99-P"}, {"is_sample": True}):
        with rolled_back():
            Practitioner.objects.update(**row)
            assert errors_in(corrected(clinician, procedure)) == [
                "The last review was signed by Dr. Ayesha Khan, 12345-P. The entry under Practitioners says "
                "otherwise today: that needs a full review."
            ]
            assert numbers() == [1]


def test_correction_keeps_the_review_as_it_was_signed(clinician: Client, procedure: Procedure) -> None:
    before = PageDocument.from_json(published(procedure).document).review
    Practitioner.objects.update(specialty="Heart Surgery", qualifications="All of them")
    corrected(clinician, procedure)
    assert PageDocument.from_json(Publication.objects.get(number=2).document).review == before


def test_correction_refuses_a_withdrawn_page(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    notice = "withdrawn on 1 June 2026: patients do not see it. It needs a full review to return."
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


def test_correction_refuses_a_start_after_the_review_is_due(clinician: Client, procedure: Procedure) -> None:
    published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))
    for live_from in ("2027-03-01T09:00", "9999-12-31T00:00"):
        response = corrected(clinician, procedure, live_from=live_from)
        assert errors_in(response) == ["This is after the next review. Choose an earlier time."]
        assert numbers() == [1]
    corrected(clinician, procedure, live_from="2027-02-28T09:00")
    assert numbers() == [1, 2]


@pytest.mark.parametrize("called_off", [True, False])
def test_correction_ignores_reviews_of_versions_never_live(
    clinician: Client, procedure: Procedure, called_off: bool
) -> None:
    first = published(procedure, reviewed_on=date(2026, 3, 1))
    procedure.risks.update(body="Germs almost never get in.")
    waiting = published(procedure, live_from=NOW + timedelta(days=5), reviewed_on=date(2026, 5, 30))
    if called_off:
        publishing.call_off(waiting)
    publishing.restore(first, by=None)
    corrected(clinician, procedure)
    third = Publication.objects.get(number=3)
    assert (third.is_minor, third.reviewed_on) == (True, date(2026, 3, 1))


def test_correction_refuses_a_page_whose_first_version_is_scheduled(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure, live_from=NOW + timedelta(days=5))
    response = corrected(clinician, procedure, read_all="on")
    assert errors_in(response) == ["No reviewed version of this page has been live: it needs a full review."]


def test_correction_is_compared_with_the_scheduled_version(clinician: Client, procedure: Procedure) -> None:
    procedure.citations.create(source=procedure.citations.get().source, section="risks", statement="…")
    first = published(procedure)
    procedure.risks.update(body="About 1 in 20.")
    published(procedure, live_from=NOW + timedelta(days=5))
    publishing.restore(first, by=None)
    response = corrected(clinician, procedure, live_from="2026-06-20T09:00")
    assert errors_in(response) == ["A number has changed: that needs a full review."]


SHARED_TEXT_CHANGED = ["The emergency text or the disclaimer has changed: that needs a full review."]


def test_correction_refuses_any_other_word_in_the_emergency_text(
    clinician: Client, procedure: Procedure
) -> None:
    EmergencyText.objects.update(steps="Call for help.")
    published(procedure)
    for change in (
        {"steps": "Wait at home until morning."},
        {"warnings": "Do now wait."},
        {"heading": "No need to call 1122 if:"},
    ):
        with rolled_back():
            EmergencyText.objects.update(**change)
            assert errors_in(corrected(clinician, procedure)) == SHARED_TEXT_CHANGED
            assert numbers() == [1]


def test_correction_allows_another_comma_but_no_word_in_the_disclaimer(
    clinician: Client, procedure: Procedure
) -> None:
    published(procedure)
    Disclaimer.objects.update(body="For information, only.")
    corrected(clinician, procedure)
    assert numbers() == [1, 2]
    Disclaimer.objects.update(body="All of this is true.")
    assert errors_in(corrected(clinician, procedure)) == SHARED_TEXT_CHANGED


def test_corrections_are_compared_with_the_last_full_review(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    for body in ("Germs can get in.", "Germs may get in."):
        procedure.risks.update(body=body)
        corrected(clinician, procedure)
    assert numbers() == [1, 2, 3]


def test_correction_refuses_a_reviewer_without_registration(clinician: Client, procedure: Procedure) -> None:
    publication = published(procedure)
    assert publication.reviewer
    publication.reviewer.__class__.objects.update(registration_number="")
    procedure.risks.update(body="Germs can get in.")
    assert corrected(clinician, procedure).status_code == 200
    assert numbers() == [1]
