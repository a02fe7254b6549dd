"""A stale page shows what has changed, and nothing typed is lost."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import status_changes
from consultations.models import Appointment, ConsultationRequest, Note
from consultations.portal.views import PHONE_CORRECTIONS_PER_REQUEST
from consultations.workflow import Status
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import PrivatePage, a_coordinator, everything_stored

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clinic(db: None) -> None:
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")


def problem(page: Page) -> str:
    """What the summary on top of the page says, with the way to call."""
    (summary,) = page.by_class("error-summary")
    assert "042 35761999" in summary.text
    assert "autofocus" in summary.attributes
    assert page.one("title").text.startswith("Error: ")
    return summary.text


@pytest.mark.parametrize(
    "status", [Status.DECLINED, Status.COMPLETED, Status.UNREACHABLE, Status.DID_NOT_ATTEND]
)
@pytest.mark.parametrize(
    ("action", "field", "typed"),
    [
        ("note", "text", "My hand is worse."),
        ("phone", "phone", "0321 7654987"),
        ("other-time", "words", "After 5 pm, please."),
        ("withdraw", "", ""),
        ("time", "", ""),
    ],
)
def test_action_on_a_request_closed_meanwhile_is_refused(
    status: Status, action: str, field: str, typed: str
) -> None:
    patient = PrivatePage()
    patient.is_offered()
    form = patient.opens(action).hidden_fields()
    Appointment.objects.update(state=Appointment.State.CANCELED)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(status=status)
    before = everything_stored()
    page = patient.sends(action, **form, **({field: typed} if field else {}))
    assert patient.response.status_code == 409
    assert "This request is closed" in problem(page)
    if typed:
        typed_field = next(element for element in page.elements if element["name"] == field)
        assert typed in (typed_field.text, typed_field["value"])
        assert "What you wrote is still here." in problem(page)
    else:
        assert not page.all("form")
    assert everything_stored() == before


@pytest.mark.parametrize("action", ["time", "other-time"])
def test_newer_offer_is_shown_before_accepting(action: str) -> None:
    patient = PrivatePage()
    patient.is_offered(days=3)
    form = patient.opens(action).hidden_fields()
    second = patient.is_offered(days=4)
    before = everything_stored()
    page = patient.sends(action, **form, **({"words": "After 5 pm."} if action == "other-time" else {}))
    assert patient.response.status_code == 409
    assert "The time has changed since you opened this page." in problem(page)
    assert page.hidden_fields()["appointment"] == str(second.pk)
    assert timezone.localtime(second.starts_at).strftime("%A") in page.one("main").text
    assert everything_stored() == before
    patient.sends(action, **page.hidden_fields())
    patient.is_led_back()


def test_refused_time_cannot_be_accepted() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    patient.sends("other-time", appointment=appointment.pk)
    page = patient.sends("time", appointment=appointment.pk)
    assert patient.response.status_code == 409
    assert "No time is offered to you now." in problem(page)


def test_notes_from_two_windows_are_both_kept() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    patient.sends("other-time", appointment=appointment.pk, words="After 5 pm.")
    patient.sends("other-time", appointment=appointment.pk, words="Or on Friday.")
    patient.is_led_back()
    assert [note.text for note in Note.objects.all()] == ["After 5 pm.", "Or on Friday."]


@pytest.mark.parametrize("action", ["time", "other-time"])
def test_past_time_is_not_offered(action: str) -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    with time_machine.travel(appointment.starts_at + timedelta(minutes=1), tick=False):
        page = patient.opens()
        assert "It has passed." in page.one("main").text
        assert not page.all("a", href="time/") and not page.all("a", href="other-time/")
        assert "This time has passed." in patient.opens(action).one("main").text
        page = patient.sends(action, appointment=appointment.pk)
        assert patient.response.status_code == 409
        assert "This time has passed." in problem(page)


@pytest.mark.parametrize("appointment", ["", "0", "-1", "x", "9" * 400, "1 OR 1=1", "٣", "\x00"])
@pytest.mark.parametrize("action", ["time", "other-time"])
def test_form_without_an_appointment_changes_nothing(action: str, appointment: str) -> None:
    patient = PrivatePage()
    patient.is_offered()
    before = everything_stored()
    patient.sends(action, appointment=appointment)
    assert patient.response.status_code == 409
    assert everything_stored() == before


def test_withdrawn_request_says_so_on_every_page() -> None:
    patient = PrivatePage()
    patient.sends("withdraw")
    assert "You have withdrawn this request already." in patient.opens("withdraw").one("main").text
    for action in ("note", "phone", "attachments"):
        page = patient.opens(action)
        assert "This request is closed" in page.one("main").text
        assert not page.all("form") and not page.by_class("error-summary")


def test_reopened_request_takes_notes() -> None:
    patient = PrivatePage()
    patient.sends("withdraw")
    request = patient.now()
    status_changes.change_status(
        request, Status.CONTACTING, actor=a_coordinator(), expected_status=Status.WITHDRAWN
    )
    patient.fills_in("note", text="Thank you.")
    patient.is_led_back()


def test_too_many_notes_are_refused_and_the_text_stays() -> None:
    patient = PrivatePage()
    for number in range(MAX_NOTES_PER_REQUEST):
        patient.sends("note", text=f"Note {number}")
    page = patient.sends("note", text="One more.")
    assert patient.response.status_code == 409
    assert "at most 20 notes" in problem(page)
    assert page.one("textarea").text == "One more."
    assert Note.objects.count() == MAX_NOTES_PER_REQUEST


def test_phone_corrections_are_limited() -> None:
    patient = PrivatePage()
    for number in range(PHONE_CORRECTIONS_PER_REQUEST.attempts):
        patient.sends("phone", phone=f"0321 765498{number}")
        assert patient.response.status_code == 303
    page = patient.sends("phone", phone="0321 7654999")
    assert patient.response.status_code == 429
    assert "Call us and tell us the right one." in problem(page)
    assert page.one("input", name="phone")["value"] == "0321 7654999"
    assert patient.now().phone == "+923217654989"


def test_note_that_cannot_be_stored_stays_in_the_form() -> None:
    for text in ["", " \n ", "w" * 1001, "\x00", "w" * 1_000_000]:
        patient = PrivatePage()
        page = patient.sends("note", text=text)
        assert patient.response.status_code == 200
        assert page.by_class("error-message")[0].text.startswith(("Error: Write your note", "Error: Shorten"))
        assert not Note.objects.exists()
