"""Where a patient is sent when it is urgent: one direction for one sign, on every page."""

import pytest
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from consultations.workflow import Status
from procedures.models import Overview
from procedures.publishing import services as publishing
from tests.consultations.conftest import Patient
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import PrivatePage

pytestmark = pytest.mark.django_db

START, EMERGENCY = "/consultation/", "/consultation/emergency/"
SAMPLE = "This page is sample content. No clinician of this clinic has reviewed it."


def cards(client: Client, path: str, style: str) -> list[str]:
    return [element.text for element in Page(client.get(path)).by_class(style)]


@pytest.mark.parametrize("path", ["/", "/procedures/replantation/", EMERGENCY])
def test_of_an_operated_part_the_emergency_card_says_what_the_urgent_list_says(
    client: Client, sample_site: None, path: str
) -> None:
    (card,) = cards(client, path, "emergency")
    number = ClinicProfile.objects.get().urgent_phone
    assert (
        f"call our urgent number {number} or go back to the hospital now. If nobody answers, call 1122"
        in card
    )


def test_without_an_urgent_number_nobody_is_sent_to_a_phone_that_is_answered_tomorrow(
    client: Client, sample_site: None
) -> None:
    ClinicProfile.objects.update(urgent_phone="")
    (urgent,) = cards(client, "/procedures/nerve-repair/", "care--urgent")
    assert "Call 1122 now" in urgent
    assert ClinicProfile.objects.get().phone not in urgent
    (card,) = cards(client, EMERGENCY, "emergency")
    assert "go back to the hospital now, or call 1122" in card


def test_the_replantation_page_sends_nobody_with_a_part_cut_off_to_the_form(
    client: Client, sample_site: None
) -> None:
    (aside,) = cards(client, "/procedures/replantation/", "request")
    assert "call 1122, even if hours have passed" in aside


@pytest.mark.parametrize("path", [START, EMERGENCY])
def test_first_aid_that_no_clinician_has_signed_says_so(client: Client, sample_site: None, path: str) -> None:
    ClinicProfile.objects.update(is_sample=False)
    assert SAMPLE in Page(client.get(path)).one("header").text


def test_the_signs_and_first_aid_stay_while_the_overview_is_withdrawn(
    client: Client, sample_site: None
) -> None:
    assert publishing.withdraw(Overview.objects.get(), language="en")
    assert "someone has chest pain" in Page(client.get(START)).one("main").text
    assert "waterproof bag" in Page(client.get(EMERGENCY)).one("main").text


@pytest.mark.parametrize(
    ("status", "waits"), [(Status.NEW, True), (Status.CONFIRMED, True), (Status.DECLINED, False)]
)
def test_only_who_waits_for_a_call_is_told_not_to(status: Status, waits: bool) -> None:
    text = PrivatePage(status=status).opens().one("main").text
    assert ("Do not wait for our call." in text) is waits
    assert "In an emergency call 1122 or go to the nearest emergency department now." in text


@pytest.mark.parametrize(("onset", "is_told"), [("1", True), ("2", False), ("3", False)])
def test_who_writes_within_a_day_reads_the_signs_of_an_emergency_before_sending(
    patient: Patient, sample_site: None, onset: str, is_told: bool
) -> None:
    """Somebody may have come to the form by its own address, or have said "No" too quickly."""
    warned = [element.text for element in patient.answers(onset=onset).by_class("care--urgent")]
    assert bool(warned) is is_told
    if is_told:
        assert "do not wait for our call. Call 1122" in warned[0]
        assert "bleeding does not stop" in warned[0]
