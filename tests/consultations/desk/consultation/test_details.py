"""Name, age, city and subject corrected by staff."""

from typing import Any

import pytest

from consultations.data_rights import erasure
from consultations.intake import procedure_choices
from consultations.models import ConsultationRequest, Disclosure, Event, Note
from consultations.portal import actions
from tests.consultations.desk.consultation.request_pages import SOMEONE_ELSE, Desk
from tests.factories import a_procedure, a_request, published

pytestmark = pytest.mark.django_db


def corrects(desk: Desk, **changes: str) -> Any:
    """Send the form on the screen, or a new one, with these changes."""
    if not desk.page.by_class("new-request"):
        opens(desk)
    names = ("patient_name", "patient_age", "city")
    shown = {name: desk.page.one("input", name=name).get("value") for name in names}
    return desk.presses("details", **(shown | {"about": ""} | changes))


def opens(desk: Desk) -> None:
    (link,) = [link for link in desk.opens().all("a") if link.text == "Correct the details"]
    desk.response = desk.client.get(link["href"])
    assert desk.response.status_code == 200


def found(text: str) -> list[int]:
    return list(ConsultationRequest.objects.search(text).values_list("pk", flat=True))


def test_each_detail_is_corrected_with_an_event_and_a_note(desk: Desk) -> None:
    procedure = a_procedure(title="Nerve Repair")
    published(procedure)
    desk.opens()
    subject = f"{procedure_choices.PREFIX}{procedure.slug}"
    corrects(desk, patient_name="Aisha Malik", patient_age="36", city="Multan", about=subject)
    assert "Details corrected." in desk.message
    stored = desk.stored()
    assert (stored.patient_name, stored.patient_age, stored.city) == ("Aisha Malik", 36, "Multan")
    assert (stored.about, stored.procedure, stored.procedure_name) == ("procedure", procedure, "Nerve Repair")
    assert (found("Aisha Malik"), found("Ayesha")) == ([desk.request.pk], [])
    event = Event.objects.get(kind="details_corrected")
    assert event.detail == {"what": ["patient_name", "patient_age", "city", "about"]}  # and no value
    assert "Details corrected patient’s name, age, city or town, subject by coordinator" in desk.timeline()
    assert Note.objects.get().text.splitlines() == [
        "Patient’s name: now Aisha Malik, before Ayesha Khan",
        "Age: now 36, before 34",
        "City or town: now Multan, before none",
        "About: now Nerve Repair, before I’m not sure",
    ]
    desk.opens()
    corrects(desk)
    assert "The details were already the same." in desk.message
    corrects(desk, about="something_else", patient_age="10 days")
    stored = desk.stored()
    assert (stored.about, stored.procedure, stored.procedure_name) == ("something_else", None, "")
    assert (stored.patient_age, stored.age_as_typed) == (0, "10 days")
    desk.opens()
    corrects(desk, patient_age="2 weeks")
    assert desk.stored().age_in_words == "2 weeks"
    desk.opens()
    corrects(desk, patient_age="0")
    desk.opens()
    corrects(desk, city="")  # "Under 1 year" is no age to type
    assert "Details corrected." in desk.message


def test_impossible_details_are_refused_and_stay_as_typed(desk: Desk) -> None:
    cases = (
        ("patient_name", "", "Enter the patient’s full name."),
        ("patient_name", "x" * 121, "Use 120 characters or fewer"),
        ("patient_age", "old", "Enter the patient’s age in years"),
        ("patient_age", "", "Enter the patient’s age in years"),
        ("city", "123", "Enter the name of a city or town"),
        ("about", "procedure:gone", "Choose what it is about."),
    )
    for name, value, sentence in cases:
        desk.opens()
        page = corrects(desk, **{name: value})
        assert desk.response.status_code == 400, name
        assert sentence in page.by_class("errorlist")[0].text and page.title.startswith("Error: ")
        if name != "about":
            assert page.one("input", name=name).get("value") == value
    assert not Event.objects.filter(kind="details_corrected").exists()
    by_phone = a_request()
    ConsultationRequest.objects.filter(pk=by_phone.pk).update(
        channel="phone", consent="phone", taken_by=desk.user, patient_age=None
    )
    desk.request = by_phone
    desk.opens()
    corrects(desk, patient_name="Aisha Malik")
    assert (desk.stored().patient_name, desk.stored().patient_age) == ("Aisha Malik", None)


def test_second_of_two_corrections_is_refused_and_stays_as_typed(desk: Desk) -> None:
    opens(desk)
    actions.add_patient_note(desk.stored(), "It is worse.")
    page = corrects(desk, patient_name="Aisha Malik")
    assert desk.response.status_code == 409 and desk.problem.startswith(SOMEONE_ELSE)
    assert page.one("input", name="patient_name")["value"] == "Aisha Malik"
    assert desk.stored().patient_name == "Ayesha Khan"


def test_page_records_who_saw_it_and_an_erased_request_has_none(desk: Desk) -> None:
    opens(desk)
    assert Disclosure.objects.filter(kind="opened").count() == 2
    erasure.erase(desk.request, actor=desk.user, reason="asked_by_phone")
    response = desk.client.get(desk.address("details/"))
    assert (response.status_code, response["Location"]) == (303, desk.address())
    sent = {"patient_name": "Aisha", "patient_age": "3", "version": str(desk.stored().version)}
    assert desk.client.post(desk.address("details/"), sent).status_code == 303
    assert desk.stored().patient_name == ""
