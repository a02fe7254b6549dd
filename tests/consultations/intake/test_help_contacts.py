"""Emergency contacts are consistent on every page, and the form knows the published procedures."""

import pytest
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from procedures.models import Overview
from procedures.publishing import publishing
from tests.consultations.conftest import FORM, Patient
from tests.consultations.portal.portal_pages import PrivatePage
from tests.factories import form_data
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample_world")]

EMERGENCY = "/emergency/"
SAMPLE = "This page is sample content. No clinician of this clinic has reviewed it."


@pytest.fixture
def patient(client: Client) -> Patient:
    return Patient(client)


def cards(client: Client, path: str, style: str) -> list[str]:
    return [element.text for element in read(client.get(path)).by_class(style)]


def test_1122_is_called_where_there_is_no_urgent_number(client: Client) -> None:
    clinic = ClinicProfile.objects.get()
    (aside,) = cards(client, "/procedures/replantation/", "request")
    assert "call 1122, even if hours have passed" in aside
    ClinicProfile.objects.update(urgent_phone="")
    (urgent,) = cards(client, "/procedures/nerve-repair/", "care--urgent")
    assert "Call 1122 now" in urgent
    assert clinic.phone not in urgent


def test_first_aid_is_marked_while_unreviewed_and_stays_without_the_overview(client: Client) -> None:
    ClinicProfile.objects.update(is_sample=False)
    for is_published in (True, False):
        for path, words in ((FORM, "Someone has chest pain"), (EMERGENCY, "plastic bag")):
            page = read(client.get(path))
            assert words in page.one("main").text, path
            assert SAMPLE in page.one("header").text, path
        assert publishing.withdraw(Overview.objects.get(), language="en") is is_published


def test_only_a_waiting_patient_is_asked_not_to_wait_for_the_call() -> None:
    for status, waits in ((Status.NEW, True), (Status.CONFIRMED, True), (Status.DECLINED, False)):
        text = PrivatePage(status=status).opens().one("main").text
        assert ("Don’t wait for our call." in text) is waits, status
        assert "In an emergency call 1122 or go to the nearest emergency department now." in text


def test_check_page_shows_emergency_signs_for_a_problem_of_the_last_day(patient: Patient) -> None:
    """The patient may have skipped the emergency question, or answered "No" too quickly."""
    for onset, is_warned in (("1", True), ("2", False), ("3", False)):
        warnings = [element.text for element in patient.answers(onset=onset).by_class("care--urgent")]
        assert bool(warnings) is is_warned, onset
        if is_warned:
            assert "do not wait for our call. Call 1122" in warnings[0]
            assert "Bleeding does not stop" in warnings[0]


def test_procedure_and_source_page_are_carried_along_and_kept(patient: Patient) -> None:
    address = f"{FORM}?about=nerve-repair"
    referer = "http://testserver/procedures/nerve-repair/"
    patient.response = patient.client.get(address, headers={"referer": referer})
    page = patient.page
    assert "Bleeding does not stop when you press firmly" in patient.text
    assert "checked" in page.one("input", value="procedure:nerve-repair").attributes
    patient.posts(page.hidden_fields() | form_data(about="procedure:nerve-repair"))
    patient.confirms()
    request = ConsultationRequest.objects.get()
    assert (request.procedure_name, request.source_page) == ("Nerve Repair", "/procedures/nerve-repair/")
    assert request.procedure and request.procedure.slug == "nerve-repair"
