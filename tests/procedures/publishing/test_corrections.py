"""Corrections of typing are published under the last review; any other change needs a new review."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from procedures.models import Disclaimer, Emergency, Practitioner, Procedure, Publication, Source
from procedures.publishing import publishing
from procedures.publishing.documents import PageDocument
from tests.admin_forms import address, errors_in
from tests.conftest import undone
from tests.factories import a_reviewer, an_emergency_text, published, staff
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, boxes, numbers, published_correction, ready_to_send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]

NO_REVIEW = "No reviewed version of this page has been live: it needs a full review."


def corrected(clinician: Client, procedure: Procedure, **changes: str) -> Any:
    empty = {"reviewer": "", "reviewed_on": "", "review_due_on": ""}
    sent = ready_to_send(clinician, procedure) | empty | {"is_minor": "on"} | changes
    return clinician.post(address(procedure, "publish"), sent)


def refusal(procedure: Procedure, live_from: datetime | None = None) -> list[str]:
    """The problems of a correction that publishes nothing."""
    before = numbers()
    with pytest.raises(publishing.NotReadyError) as refused:
        published_correction(procedure, live_from)
    assert numbers() == before
    return [problem.message for problem in refused.value.problems]


def test_correction_keeps_the_review_and_its_dates(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    first = published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2028, 3, 1))
    clock.shift(timedelta(days=30))
    clinician.force_login(staff("Clinical reviewer", email="a-month-later@clinic.example"))
    Practitioner.objects.update(specialty="Heart Surgery", qualifications="All of them")
    procedure.risks.update(body="Germs can get in.")
    response = corrected(clinician, procedure, read_risks="")
    assert errors_in(response) == ["Read this change and tick the box."]
    corrected(clinician, procedure)
    second = Publication.objects.get(number=2)
    assert (second.is_minor, second.reviewer) == (True, first.reviewer)
    assert (second.reviewed_on, second.review_due_on) == (date(2026, 3, 1), date(2028, 3, 1))
    before, after = (PageDocument.from_json(version.document).review for version in (first, second))
    assert before == after
    assert "(typing corrected)" in read(clinician.get(address(procedure, "history_of"))).text


def test_correction_requires_an_earlier_review_of_a_real_person(
    clinician: Client, procedure: Procedure
) -> None:
    """Patients read "Not yet reviewed" under what a sample signed."""
    with undone():
        published(procedure, live_from=NOW + timedelta(days=5))
        assert refusal(procedure) == [NO_REVIEW]
    publishing.publish_sample(procedure, language="en")
    assert refusal(procedure) == [NO_REVIEW]
    sample = a_reviewer(name="Dr. Sample", registration_number="SAMPLE-0001", is_sample=True)
    published(procedure, reviewer=sample)
    Practitioner.objects.update(name="Dr. Real Person", registration_number="99-P", is_sample=False)
    assert boxes(clinician, procedure) == ["read_all"]
    assert refusal(procedure) == [NO_REVIEW]


def test_correction_uses_the_last_review_of_a_real_person(clinician: Client, procedure: Procedure) -> None:
    real = published(procedure, reviewed_on=date(2026, 3, 1)).reviewer
    procedure.risks.update(body="Germs get in, says a sample.")
    published(procedure, reviewer=a_reviewer(name="Dr. Sample", is_sample=True))
    assert boxes(clinician, procedure) == ["read_risks"]
    corrected(clinician, procedure)
    third = Publication.objects.get(number=3)
    assert (third.reviewer, third.reviewed_on) == (real, date(2026, 3, 1))


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
    "another author": lambda page: Procedure.objects.update(author="Dr. Else"),
    "another title of a source": lambda page: Source.objects.update(title="Another book"),
    "another publisher of a source": lambda page: Source.objects.update(publisher="A shop"),
    "another address of a source": lambda page: Source.objects.update(url="https://elsewhere.example/"),
}


def test_correction_refuses_changes_of_more_than_typing(procedure: Procedure) -> None:
    source = procedure.citations.get().source
    procedure.risks.create(name="Scars", body="Each cut leaves one.", frequency="common", position=2)
    procedure.keyfacts.create(label="Length", value="3 hours", certainty="varies", source=source)
    procedure.carecards.update(items="it bleeds\nit swells")
    procedure.questions.create(text="May I drive?")
    procedure.sections.create(kind="faqs", heading="Questions", position=8)
    procedure.citations.create(source=source, section="risks", statement="…")
    published(procedure)
    for what, change in NOT_TYPING.items():
        with undone():
            change(procedure)
            assert any("needs a full review" in error for error in refusal(procedure)), what


def test_correction_refuses_other_words_in_first_aid_and_disclaimer(
    clinician: Client, procedure: Procedure
) -> None:
    emergency = an_emergency_text()
    published(emergency)
    published(procedure)
    for page, model, change in (
        (emergency, Emergency, {"first_aid": "Call 1122.\nWait at home until morning."}),
        (emergency, Emergency, {"warnings": "Do now wait."}),
        (emergency, Emergency, {"signs_heading": "No need to call 1122 if:"}),
        (procedure, Disclaimer, {"body": "All of this is true."}),
    ):
        with undone():
            model.objects.update(**change)
            assert refusal(page) == ["First aid or the disclaimer has changed: that needs a full review."]
    Disclaimer.objects.update(body="For information, only.")
    corrected(clinician, procedure)
    assert numbers() == [1, 1, 2], "another comma is typing"


def test_correction_refuses_a_reviewer_whose_row_has_changed(procedure: Procedure) -> None:
    published(procedure)
    for row in (
        {"name": "Dr. Other"},
        {"registration_number": "99-P"},
        {"registration_number": ""},
        {"is_sample": True},
    ):
        with undone():
            Practitioner.objects.update(**row)
            assert refusal(procedure) == [
                "The last review was signed by Dr. Ayesha Khan, 12345-P. The entry under Practitioners says "
                "otherwise today: that needs a full review."
            ]


def test_correction_refuses_a_withdrawn_page(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    def sign_off_page() -> str:
        return read(clinician.get(address(procedure, "publish"))).text

    notice = "withdrawn on Mon 1 Jun 2026: patients do not see it. It needs a full review to return."
    published(procedure)
    assert notice not in sign_off_page()
    clock.shift(1)
    publishing.withdraw(procedure, language="en")
    assert notice in sign_off_page()
    assert refusal(procedure) == [
        "This page is not on the site: bringing it back is more than typing and needs a full review."
    ]
    assert client.get(PATH).status_code == 410
    published(procedure)
    assert notice not in sign_off_page()


def test_correction_refuses_a_start_after_the_review_is_due(clinician: Client, procedure: Procedure) -> None:
    published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))
    for live_from in ("2027-03-01T09:00", "9999-12-31T00:00"):
        response = corrected(clinician, procedure, live_from=live_from)
        assert errors_in(response) == ["This is after the next review. Choose an earlier time."]
        assert numbers() == [1]
    corrected(clinician, procedure, live_from="2027-02-28T09:00")
    assert numbers() == [1, 2]


def test_correction_ignores_reviews_of_versions_never_live(clinician: Client, procedure: Procedure) -> None:
    first = published(procedure, reviewed_on=date(2026, 3, 1))
    procedure.risks.update(body="Germs almost never get in.")
    waiting = published(procedure, live_from=NOW + timedelta(days=5), reviewed_on=date(2026, 5, 30))
    publishing.restore(first, by=None)
    for is_called_off in (True, False):
        with undone():
            if is_called_off:
                publishing.call_off(waiting)
            corrected(clinician, procedure)
            third = Publication.objects.get(number=3)
            assert (third.is_minor, third.reviewed_on) == (True, date(2026, 3, 1))


def test_correction_is_compared_with_the_scheduled_version(procedure: Procedure) -> None:
    source = procedure.citations.get().source
    procedure.citations.create(source=source, section="risks", statement="…")
    first = published(procedure)
    procedure.risks.update(body="About 1 in 20.")
    published(procedure, live_from=NOW + timedelta(days=5))
    publishing.restore(first, by=None)
    assert refusal(procedure, live_from=NOW + timedelta(days=20)) == [
        "A number has changed: that needs a full review."
    ]


def test_correction_may_follow_a_correction(clinician: Client, procedure: Procedure) -> None:
    published(procedure)
    for body in ("Germs can get in.", "Germs may get in."):
        procedure.risks.update(body=body)
        corrected(clinician, procedure)
    assert numbers() == [1, 2, 3]
