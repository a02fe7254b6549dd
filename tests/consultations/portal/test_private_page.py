"""The private page shows the status of a request, and as little else as possible."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.template.loader import render_to_string
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from consultations import workflow
from consultations.appointments.offers import HOLD, release_expired_choices
from consultations.lifecycle import staff_actions
from consultations.models import Note
from consultations.portal.presenters import RequestStatusPresenter
from consultations.workflow import Status
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage, everything_stored
from tests.factories import a_coordinator, a_request, change_status, version_of
from tests.pages import read

pytestmark = pytest.mark.django_db

NEVER_CONTACTED = (Status.NEW, Status.HELD, Status.CONTACTING, Status.QUARANTINED)
STATUS_SENTENCES = {
    Status.NEW: "We’ll contact you to set a time.",
    Status.HELD: "We’ll contact you to set a time.",
    Status.CONTACTING: "We’re trying to reach you",
    Status.PROPOSED: "We’ve offered you a time.",
    Status.CONFIRMED: "You have an appointment.",
    Status.COMPLETED: "had your consultation",
    Status.DID_NOT_ATTEND: "didn’t see you",
    Status.DECLINED: "can’t offer a consultation",
    Status.WITHDRAWN: "’ve withdrawn this request",
    Status.UNREACHABLE: "tried to reach you but couldn’t",
    Status.QUARANTINED: "We’ll contact you to set a time.",
}
HEADLINES = {
    Status.PROPOSED: "We have your request",  # nothing is offered
    Status.CONFIRMED: "Your appointment",
    **dict.fromkeys(workflow.CLOSED, "Your request is closed"),
}
WITHOUT_APPOINTMENT_YET = {
    *(Status.NEW, Status.HELD, Status.CONTACTING, Status.PROPOSED, Status.QUARANTINED),
}


def main_of(patient: PrivatePage, action: str = "") -> str:
    return patient.opens(action).one("main").text


def a_clinic(**fields: Any) -> ClinicProfile:
    return ClinicProfile.objects.create(name="A Clinic", phone="042 35761999", **fields)


def an_hour_ago() -> datetime:
    return timezone.now() - timedelta(hours=1)


def test_every_status_has_a_sentence_and_only_possible_actions() -> None:
    default = "Our staff have your request."
    unheard_of = {"status": "unheard-of", "presenter": RequestStatusPresenter(a_request())}
    assert default in render_to_string("consultations/portal/status.html", unheard_of)
    patient = PrivatePage()
    pages = {}
    for status in Status:
        patient.change(status=status)
        page = patient.opens()
        text = page.one("main").text
        assert STATUS_SENTENCES[status] in text and default not in text, status
        assert page.one("h1").text == HEADLINES.get(status, "We have your request"), status
        assert ("You don’t have an appointment yet." in text) == (status in WITHOUT_APPOINTMENT_YET), status
        addresses = {link["href"] for link in page.all("a")} | {form["action"] for form in page.all("form")}
        offered = addresses & {f"{name}/" for name in ACTIONS}
        pages[status] = [text]
        for action in ACTIONS:
            has_form = bool(patient.opens(action).all("form"))
            assert patient.response.status_code == 200
            assert has_form == (f"{action}/" in offered), (status, action)
            pages[status].append(main_of(patient, action))
        is_open = status in WITHOUT_APPOINTMENT_YET | {Status.CONFIRMED}
        assert ("note/" in offered) == is_open, status
    assert pages[Status.QUARANTINED] == pages[Status.HELD] == pages[Status.NEW]


def test_page_shows_reference_and_help() -> None:
    patient = PrivatePage(patient_name="evil.example/x now")
    a_clinic(urgent_phone="0300 1234567")
    page = patient.opens()
    (panel,) = page.by_class("panel")
    assert panel.text.startswith("What happens next We’ll contact you")
    assert f"Your reference {patient.request.reference} Sent on" in panel.text
    assert page.all("strong")[0].text == patient.request.reference
    links = {link["href"] for link in page.one("main").all("a")}
    assert {"tel:1122", "tel:+924235761999", "tel:+923001234567"} <= links
    assert not page.one("main").all("img")


def test_promise_is_the_clinics_own_until_the_first_contact() -> None:
    with time_machine.travel("2026-11-23T12:00:00+05:00", tick=False) as clock:
        patient = PrivatePage(status=Status.CONTACTING)
        assert "by the end" not in main_of(patient)
        a_clinic(answer_promise="by the end of the next working day")
        assert "We’ll contact you by the end of the next working day." in main_of(patient)
        patient.change(first_contact_at=timezone.now(), promised_by=an_hour_ago())
        clock.shift(timedelta(days=1))
        text = main_of(patient)
        assert "next working day" not in text and "That time has passed" not in text


def test_promised_time_stays_when_hours_change() -> None:
    patient = PrivatePage()
    patient.change(promised_by=datetime.fromisoformat("2030-05-06T18:00:00+05:00"))
    a_clinic(answer_promise="some day")
    for now, promise in (("2030-05-04", "on Monday 6 May"), ("2030-05-05", "tomorrow, Monday 6 May")):
        with time_machine.travel(f"{now}T10:00:00+05:00", tick=False):
            assert f"We’ll contact you by 6 pm {promise}." in main_of(patient)


def test_foreign_number_reads_times_with_their_zone() -> None:
    with time_machine.travel("2026-11-29T10:00:00+05:00", tick=False):
        patient = PrivatePage(phone="+14165550123")
        patient.change(promised_by=datetime.fromisoformat("2026-11-30T20:00:00+05:00"))
        text = main_of(patient)
        assert "by 8 pm Pakistan time on Monday 30 November." in text and "tomorrow" not in text
        patient.is_offered(1, 2)
        text = main_of(patient)
        assert "10 am Pakistan time, Monday 30 November" in text
        assert "until 10 am Pakistan time, Monday 30 November." in text
        patient.change(phone="+923012345678")
        assert "Pakistan time" not in main_of(patient)


def test_page_says_what_became_of_the_last_time() -> None:
    with time_machine.travel("2026-11-29T10:00:00+05:00", tick=False) as clock:
        canceled, refused, expired = PrivatePage(), PrivatePage(), PrivatePage()
        canceled.is_offered(3, agreed=True)
        change_status(canceled.now(), Status.CONTACTING)
        refused.is_offered(4)
        refused.fills_in("other-time")
        expired.is_offered(5, 6)
        clock.shift(HOLD)
        release_expired_choices()
        for patient, sentence in (
            (canceled, "Your appointment on Wednesday 2 December, 10 am is canceled. We’ll contact you"),
            (refused, "You asked for another time. We’ll contact you to set another time."),
            (expired, "We’re no longer holding the time we offered, as we didn’t hear from you."),
        ):
            assert sentence in main_of(patient)
        staff_actions.record_contact(
            refused.now(), "no_answer", actor=a_coordinator(), version=version_of(refused.request)
        )
        assert "We’re trying to reach you to set a time." in main_of(refused)
        canceled.is_offered(7)
        assert "is canceled" not in main_of(canceled)


def test_agreed_appointment_goes_into_the_calendar_without_a_mail() -> None:
    a_clinic(whatsapp="0300 1234567", map_url="https://maps.example/")
    patient = PrivatePage()
    patient.is_offered()
    calendar = f"{patient.address}appointment.ics"
    assert patient.client.get(calendar).status_code == 404
    patient.is_offered(agreed=True)
    page = patient.opens()
    assert page.all("a", href="appointment.ics") and "You can add 8 more files" in page.one("main").text
    assert page.all("a", href=f"https://wa.me/923001234567?text={patient.request.reference}")
    response = patient.client.get(calendar)
    assert response["Content-Type"].startswith("text/calendar")
    entry = response.content.decode()
    assert "METHOD:PUBLISH" in entry and patient.request.reference in entry and "ATTENDEE" not in entry


def test_agreed_appointment_shows_as_much_of_the_address_as_there_is() -> None:
    clinic, patient = a_clinic(), PrivatePage()
    patient.is_offered(agreed=True)
    for address, city, shown in (
        ("12 Mall Road\nGulberg", "Lahore", "12 Mall Road, Gulberg, Lahore"),
        ("12 Mall Road\nGulberg", "", "12 Mall Road, Gulberg"),
        ("", "Lahore", "Lahore"),
    ):
        clinic.address, clinic.city = address, city
        clinic.save()
        assert shown in {line.text for line in patient.opens().all("p")}


def test_late_promise_shows_apology_and_both_numbers() -> None:
    a_clinic()
    for status in NEVER_CONTACTED:
        patient = PrivatePage(status=status)
        patient.change(promised_by=an_hour_ago())
        text = main_of(patient)
        assert "We said we’d contact you by" in text and "That time has passed" in text, status
        assert text.index("Call us") < text.index("042 35761999")
        assert "We’ll call the number that ends in 678." in text and "We’ll contact you" not in text
    patient = PrivatePage()
    patient.has_wrong_number()
    patient.change(promised_by=an_hour_ago())
    text = main_of(patient)
    assert "That time has passed" in text and "The number that ends in 678 is wrong." in text


def test_relative_promise_refers_to_the_day_it_was_given() -> None:
    clinic = a_clinic(answer_promise="by the end of the next working day")
    with time_machine.travel("2026-11-23T23:30:00+05:00", tick=False) as clock:
        patients = [PrivatePage(status=status) for status in NEVER_CONTACTED]
        for patient in patients:
            assert "We’ll contact you by the end of the next working day." in main_of(patient)
        clock.shift(timedelta(hours=1))
        for patient in patients:
            text = main_of(patient)
            assert "We’ll contact you by" not in text
            said = text.index("we said we’d contact you by the end of the next working day.")
            assert said < text.index("Call us") < text.index("042 35761999") < text.index("ends in 678")
        clinic.answer_within_hours = 7
        clinic.save()
        assert "we said we’d" not in main_of(patients[0])


def test_wrong_number_is_shown_until_corrected() -> None:
    for status in (Status.NEW, Status.PROPOSED, Status.CONFIRMED):
        patient = PrivatePage(status=status)
        patient.has_wrong_number()
        patient.change(status=status, promised_by=timezone.now() + timedelta(hours=4))
        page = patient.opens()
        (panel,) = page.by_class("panel")
        assert "The number that ends in 678 is wrong." in panel.text
        assert "contact/" in [link["href"] for link in panel.all("a")]
        for promise in ("We’ll call the number", "We’ll contact you"):
            assert promise not in page.one("main").text, status
        patient.sends("contact", phone="0321 9876543")
        text = main_of(patient)
        assert "is wrong" not in text
    patient.has_wrong_number()
    patient.change(status=Status.DECLINED)
    page = patient.opens()
    assert "is wrong" not in page.one("main").text and not page.all("a", href="contact/")


def test_page_reveals_only_its_sender_and_three_digits() -> None:
    patient = PrivatePage(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="Bilal Ahmed",
        patient_age=101,
        about="procedure",
        procedure_name="Nerve Repair",
        message="My secret.",
        email="a@example.com",
        phone="+923217654987",
        contact_method="whatsapp",
    )
    secrets = ("Bilal", "Ahmed", "101", "secret", "a@example.com", "7654987", "Nerve")
    for action in ("", *ACTIONS):
        text = main_of(patient, action).replace("0301 2345678", "", 1 if action == "contact" else 0)
        assert not [secret for secret in secrets if secret in text], action
    text = main_of(patient)
    assert "Sent by Ayesha Khan (mother) on" in text and "WhatsApp at the number that ends in 987" in text


def test_page_says_how_the_clinic_will_contact_them() -> None:
    patient = PrivatePage(email="a@example.com")
    for method, words in (
        ("call", "We’ll call the number"),
        ("any", "We’ll call you, or message you on WhatsApp"),
        ("whatsapp", "We’ll message you on WhatsApp"),
        ("sms", "We’ll send an SMS"),
        ("email", "We’ll write to your email address"),
    ):
        patient.change(contact_method=method)
        text = main_of(patient)
        assert words in text and "the number that ends in 678" in text, method


def test_pages_are_private_unlisted_and_send_no_referrer() -> None:
    patient = PrivatePage()
    patient.is_offered()
    for action in ("", *ACTIONS):
        for path in (patient.address_of(action), f"/r/wrong/{action}{'/' if action else ''}"):
            response = type(patient.client)().get(path)
            page = read(response)
            # With no-store, Back would lose what was typed. The status itself is always fetched again.
            cached, is_status = response["Cache-Control"], path == patient.address
            assert "private" in cached and "no-cache" in cached and ("no-store" in cached) == is_status, path
            # Under "no-referrer" a form is sent with "Origin: null", and refused.
            assert response["Referrer-Policy"] == ("same-origin" if page.all("form") else "no-referrer"), path
            assert "noindex" in response["X-Robots-Tag"]
            assert "noindex" in page.one("meta", name="robots")["content"]
            assert bool(response.cookies) == bool(page.all("form")), path


def test_token_is_shown_on_the_private_page_alone(settings: Any) -> None:
    settings.SITE_URL = "https://clinic.example"
    patient = PrivatePage()
    patient.is_offered()
    for query in ({}, {"done": "note"}):
        page = patient.opens(**query)
        (link,) = [link for link in page.one("main").all("a") if patient.key.token in link["href"]]
        assert link["href"] == link.text == f"https://clinic.example/r/{patient.key.token}/"
        # The third is the change of language, which the pages of the actions have, too.
        assert patient.response.content.decode().count(patient.key.token) == 3
    for action in (*ACTIONS, "no-such-action"):
        page = patient.opens(action)
        times = patient.response.content.decode().count(patient.key.token)
        assert times == (action in ACTIONS), action
        assert all("action" not in form.attributes for form in page.all("form")), action
    strict = type(patient.client)(enforce_csrf_checks=True)
    for action in ("attachments", "note"):
        refused = strict.post(patient.address_of(action), {"text": "words"})
        too_large = patient.client.post(patient.address_of("attachments"), CONTENT_LENGTH=str(10**10))
        assert [refused.status_code, too_large.status_code] == [403, 413]
        for response in (refused, too_large):
            assert patient.key.token not in response.content.decode()


def test_get_changes_nothing_and_the_page_takes_no_post() -> None:
    patient = PrivatePage()
    patient.is_offered()
    before = everything_stored()
    with CaptureQueriesContext(connection) as queries:
        for action in ("", *ACTIONS):
            for query in ({}, {"done": action}):
                patient.client.get(patient.address_of(action), query)
            patient.client.head(patient.address_of(action))
    assert {query["sql"].lstrip("(").split()[0] for query in queries} == {"SELECT"}
    for method in ("post", "put", "delete", "patch"):
        assert getattr(patient.client, method)(patient.address).status_code == 405
    assert everything_stored() == before


def test_query_count_does_not_grow_with_history() -> None:
    patient = PrivatePage()
    patient.opens()
    with CaptureQueriesContext(connection) as few:
        patient.opens()
    Note.objects.bulk_create(
        Note(request=patient.request, text=str(number), at=timezone.now()) for number in range(5)
    )
    with CaptureQueriesContext(connection) as many:
        patient.opens()
    assert len(many) == len(few) <= 6
