"""Emergency contacts are consistent on every page."""

import pytest
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from consultations.workflow import Status
from procedures.models import Overview
from procedures.publishing import publishing
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import PrivatePage

pytestmark = pytest.mark.django_db

START, EMERGENCY = "/consultation/", "/consultation/emergency/"
SAMPLE = "This page is sample content. No clinician of this clinic has reviewed it."


def cards(client: Client, path: str, style: str) -> list[str]:
    return [element.text for element in Page(client.get(path)).by_class(style)]


@pytest.mark.parametrize("path", ["/", "/procedures/replantation/", EMERGENCY])
def test_emergency_card_matches_the_urgent_list(client: Client, sample_site: None, path: str) -> None:
    (card,) = cards(client, path, "emergency")
    number = ClinicProfile.objects.get().urgent_phone
    assert (
        f"call our urgent number {number} or go back to the hospital now. If no one answers, call 1122"
        in card
    )


def test_without_an_urgent_number_1122_is_given(client: Client, sample_site: None) -> None:
    ClinicProfile.objects.update(urgent_phone="")
    (urgent,) = cards(client, "/procedures/nerve-repair/", "care--urgent")
    assert "Call 1122 now" in urgent
    assert ClinicProfile.objects.get().phone not in urgent
    (card,) = cards(client, EMERGENCY, "emergency")
    assert "go back to the hospital now, or call 1122" in card


def test_replantation_page_sends_emergencies_to_1122(client: Client, sample_site: None) -> None:
    (aside,) = cards(client, "/procedures/replantation/", "request")
    assert "call 1122, even if hours have passed" in aside


@pytest.mark.parametrize("path", [START, EMERGENCY])
def test_unreviewed_first_aid_is_marked(client: Client, sample_site: None, path: str) -> None:
    ClinicProfile.objects.update(is_sample=False)
    assert SAMPLE in Page(client.get(path)).one("header").text


def test_emergency_texts_stay_while_the_overview_is_withdrawn(client: Client, sample_site: None) -> None:
    assert publishing.withdraw(Overview.objects.get(), language="en")
    assert "someone has chest pain" in Page(client.get(START)).one("main").text
    assert "waterproof bag" in Page(client.get(EMERGENCY)).one("main").text


def test_only_a_waiting_patient_is_asked_not_to_wait_for_the_call() -> None:
    for status, waits in ((Status.NEW, True), (Status.CONFIRMED, True), (Status.DECLINED, False)):
        text = PrivatePage(status=status).opens().one("main").text
        assert ("Do not wait for our call." in text) is waits
        assert "In an emergency call 1122 or go to the nearest emergency department now." in text


def test_check_page_shows_emergency_signs_for_a_problem_of_the_last_day(
    patient: Patient, sample_site: None
) -> None:
    """The patient may have skipped the emergency question, or answered "No" too quickly."""
    for onset, is_warned in (("1", True), ("2", False), ("3", False)):
        warnings = [element.text for element in patient.answers(onset=onset).by_class("care--urgent")]
        assert bool(warnings) is is_warned
        if is_warned:
            assert "do not wait for our call. Call 1122" in warnings[0]
            assert "bleeding does not stop" in warnings[0]
