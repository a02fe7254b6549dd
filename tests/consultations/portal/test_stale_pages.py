"""A stale page shows what has changed, and nothing typed is lost."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from consultations.intake.submission import MAX_NOTES_PER_REQUEST
from consultations.lifecycle import staff_actions
from consultations.models import Appointment, Note
from consultations.portal.views import CONTACT_CHANGES_PER_REQUEST
from consultations.workflow import Status
from tests.consultations.portal.portal_pages import PrivatePage, everything_stored
from tests.factories import a_coordinator, version_of
from tests.pages import Page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clinic")]

TIME_ACTIONS = ("time", "other-time")


def problem(page: Page) -> str:
    """What the summary on top of the page says, with the way to call."""
    (summary,) = page.by_class("error-summary")
    assert "042 35761999" in summary.text
    assert "autofocus" in summary.attributes
    assert page.one("title").text.startswith("Error: ")
    return summary.text


def refused(patient: PrivatePage, action: str, **data: str) -> Page:
    """Send an action that is refused and changes nothing."""
    before = everything_stored()
    page = patient.sends(action, **data)
    assert patient.response.status_code == 409, (action, data)
    assert everything_stored() == before, (action, data)
    return page


def test_action_on_a_request_closed_meanwhile_is_refused() -> None:
    patient = PrivatePage()
    patient.is_offered()
    cases = [
        ("note", {"text": "My hand is worse."}),
        ("contact", {"phone": "0321 7654987"}),
        ("other-time", {"words": "After 5 pm, please."}),
        ("withdraw", {}),
        ("time", {}),
    ]
    forms = [patient.form_of(action) for action, _typed in cases]
    Appointment.objects.update(state=Appointment.State.CANCELED)
    for status in (Status.DECLINED, Status.COMPLETED, Status.UNREACHABLE, Status.DID_NOT_ATTEND):
        patient.change(status=status)
        for (action, typed), form in zip(cases, forms, strict=True):
            page = refused(patient, action, **form, **typed)
            assert "This request is closed" in problem(page)
            for name, text in typed.items():
                field = page.one(name=name)
                assert text in (field.text, field.get("value")), (status, action)
                assert "What you wrote is still here." in problem(page)
            assert bool(page.all("form")) == bool(typed), (status, action)


def test_newer_offer_is_shown_before_it_is_answered() -> None:
    for day, action in ((3, "time"), (6, "other-time")):
        patient = PrivatePage()
        patient.is_offered(days=day)
        form = patient.form_of(action)
        second = patient.is_offered(days=day + 1)
        page = refused(patient, action, **form, words="After 5 pm.")
        assert "The time has changed since you opened this page." in problem(page)
        assert timezone.localtime(second.starts_at).strftime("%A") in page.one("main").text
        patient.sends(action, **patient.form_of(action))
        patient.is_led_back()


def test_other_changes_do_not_make_the_time_stale() -> None:
    for day, action in ((3, "time"), (5, "other-time")):
        patient = PrivatePage()
        patient.is_offered(days=day)
        form = patient.form_of(action)
        patient.sends("note", text="I am looking forward to it.")
        staff_actions.assign(
            patient.request, a_coordinator(), actor=a_coordinator(), version=version_of(patient.request)
        )
        staff_actions.change_status(
            patient.request, Status.CONFIRMED, actor=a_coordinator(), version=version_of(patient.request)
        )
        patient.sends(action, **form)
        patient.is_led_back()
        assert patient.now().status == Status.CONFIRMED  # kept until another time is agreed


def test_refused_time_cannot_be_accepted() -> None:
    patient = PrivatePage()
    patient.is_offered()
    form = patient.form_of("time")
    patient.fills_in("other-time")
    assert "We’re not offering you a time right now." in problem(refused(patient, "time", **form))


def test_notes_from_two_windows_are_both_kept() -> None:
    patient = PrivatePage()
    patient.is_offered()
    form = patient.form_of("other-time")
    for words in ("After 5 pm.", "Or on Friday."):
        patient.sends("other-time", **form, words=words)
        patient.is_led_back()
    assert [note.text for note in Note.objects.all()] == ["After 5 pm.", "Or on Friday."]


def test_past_time_is_not_offered() -> None:
    patient = PrivatePage()
    appointment = patient.is_offered()
    form = patient.form_of("time")
    with time_machine.travel(appointment.starts_at + timedelta(minutes=1), tick=False):
        page = patient.opens()
        assert "we’re no longer holding it." in page.one("main").text
        assert not page.all("form", action="time/") and not page.all("a", href="other-time/")
        for action in TIME_ACTIONS:
            assert "This time has passed." in patient.opens(action).one("main").text
            assert "This time has passed." in problem(refused(patient, action, **form))


def test_form_without_the_version_of_the_offer_changes_nothing() -> None:
    patient = PrivatePage()
    patient.is_offered()
    for version in ("", "0", "-1", "x", "9" * 400, "1 OR 1=1", "٣", "\x00"):
        for action in TIME_ACTIONS:
            refused(patient, action, version=version)
    patient.fills_in("other-time")
    refused(patient, "other-time", version="", words="After 5 pm.")


def test_withdrawn_request_says_so_until_it_is_reopened() -> None:
    patient = PrivatePage()
    patient.sends("withdraw")
    assert "You’ve already withdrawn this request." in patient.opens("withdraw").one("main").text
    for action in ("note", "contact", "attachments"):
        page = patient.opens(action)
        assert "This request is closed" in page.one("main").text
        assert not page.all("form") and not page.by_class("error-summary")
    staff_actions.change_status(
        patient.request, Status.CONTACTING, actor=a_coordinator(), version=version_of(patient.request)
    )
    patient.fills_in("note", text="Thank you.")
    patient.is_led_back()


def test_too_many_notes_are_refused_and_the_text_stays() -> None:
    patient = PrivatePage()
    Note.objects.bulk_create(
        Note(request=patient.request, text=f"Note {number}", at=timezone.now())
        for number in range(MAX_NOTES_PER_REQUEST)
    )
    page = refused(patient, "note", text="One more.")
    assert "up to 20 notes" in problem(page)
    assert page.one("textarea").text == "One more."


def test_phone_corrections_are_limited() -> None:
    patient = PrivatePage()
    for number in range(CONTACT_CHANGES_PER_REQUEST.attempts):
        patient.sends("contact", phone=f"0321 765498{number}")
        assert patient.response.status_code == 303
    page = patient.sends("contact", phone="0321 7654999")
    assert patient.response.status_code == 429
    assert "Call us and tell us how to reach you." in problem(page)
    assert page.one("input", name="phone")["value"] == "0321 7654999"
    assert patient.now().phone == "+923217654989"
