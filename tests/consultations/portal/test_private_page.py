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
from consultations.models import ConsultationRequest
from consultations.portal.presenters import RequestStatusPresenter
from consultations.workflow import Status
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage, everything_stored
from tests.factories import a_request

pytestmark = pytest.mark.django_db


def main_of(page: Page) -> str:
    return page.one("main").text


def test_reference_is_prominent() -> None:
    patient = PrivatePage()
    page = patient.opens()
    assert page.by_class("panel")[0].text.startswith(f"Your reference {patient.request.reference}")
    assert page.one("strong").text == patient.request.reference


STATUS_SENTENCES = {
    Status.NEW: "We’ll contact you to agree on a time.",
    Status.CONTACTING: "We are trying to reach you",
    Status.PROPOSED: "We have offered you a time.",
    Status.CONFIRMED: "have agreed on a time",
    Status.COMPLETED: "has taken place",
    Status.DID_NOT_ATTEND: "did not see you",
    Status.DECLINED: "cannot offer a consultation",
    Status.WITHDRAWN: "have withdrawn this request",
    Status.UNREACHABLE: "tried to reach you and could not",
    Status.QUARANTINED: "We’ll contact you to agree on a time.",
}
WITHOUT_APPOINTMENT_YET = {Status.NEW, Status.CONTACTING, Status.PROPOSED, Status.QUARANTINED}


def test_every_status_has_a_sentence_and_only_possible_actions() -> None:
    default = status_part("unheard-of")
    assert "Your request is with the clinic’s staff." in default
    for status in Status:
        patient = PrivatePage(status=status)
        page = patient.opens()
        text = main_of(page)
        assert STATUS_SENTENCES[status] in text, status
        assert "Your request is with the clinic’s staff." not in text, status
        has_appointment = status in (Status.CONFIRMED, Status.COMPLETED)
        assert ("You do not have an appointment" in text) != has_appointment, status
        assert ("You do not have an appointment yet." in text) == (status in WITHOUT_APPOINTMENT_YET), status
        offered = {link["href"] for link in page.all("a")} & {f"{name}/" for name in ACTIONS}
        for action in ACTIONS:
            has_form = bool(patient.opens(action).all("form"))
            assert patient.response.status_code == 200
            assert has_form == (f"{action}/" in offered), (status, action)
        is_open = status in WITHOUT_APPOINTMENT_YET | {Status.CONFIRMED}
        assert ("note/" in offered) == is_open, status


def status_part(status: str) -> str:
    """What the page says of a status that the templates do not know."""
    context = {"status": status, "presenter": RequestStatusPresenter(a_request())}
    return render_to_string("consultations/portal/status.html", context)


def test_quarantined_request_looks_like_a_new_one() -> None:
    patient = PrivatePage()
    pages = [main_of(patient.opens(action)) for action in ("", *ACTIONS)]
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(status=Status.QUARANTINED)
    assert [main_of(patient.opens(action)) for action in ("", *ACTIONS)] == pages


def test_promise_is_the_clinics_own() -> None:
    patient = PrivatePage()
    assert "by the end" not in main_of(patient.opens())
    ClinicProfile.objects.create(name="A Clinic", answer_promise="by the end of the next working day")
    assert "We’ll contact you by the end of the next working day." in main_of(patient.opens())


def test_promised_time_stays_when_hours_change() -> None:
    patient = PrivatePage()
    promised = datetime.fromisoformat("2030-05-06T18:00:00+05:00")
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=promised)
    ClinicProfile.objects.create(name="A Clinic", answer_promise="some day")
    with time_machine.travel("2030-05-04T10:00:00+05:00", tick=False):
        assert "We’ll contact you by 6 pm on Monday 6 May." in main_of(patient.opens())
    with time_machine.travel("2030-05-05T10:00:00+05:00", tick=False):
        assert "We’ll contact you by 6 pm tomorrow, Monday 6 May." in main_of(patient.opens())


@pytest.mark.parametrize("status", [Status.NEW, Status.CONTACTING, Status.QUARANTINED])
def test_late_promise_shows_apology_and_phone_number(status: Status) -> None:
    patient = PrivatePage(status=status)
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    page = patient.opens()
    assert "We said that we would contact you by" in main_of(page)
    assert "That time has passed" in main_of(page)
    assert page.one("main").text.index("call us") < page.one("main").text.index("042 35761999")
    assert "We contact you" not in main_of(page)


def test_late_page_shows_which_number_is_called() -> None:
    patient = PrivatePage()
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    assert "We’ll call the number that ends in 678." in main_of(patient.opens())


@pytest.mark.parametrize("status", [Status.NEW, Status.CONTACTING, Status.QUARANTINED])
def test_relative_promise_refers_to_the_day_it_was_given(status: Status) -> None:
    with time_machine.travel("2026-11-23T23:30:00+05:00", tick=False) as clock:
        patient = PrivatePage(status=status)
        ClinicProfile.objects.create(
            name="A Clinic", phone="042 35761999", answer_promise="by the end of the next working day"
        )
        assert "We’ll contact you by the end of the next working day." in main_of(patient.opens())
        clock.shift(timedelta(hours=1))
        text = main_of(patient.opens())
        assert "We’ll contact you by" not in text
        said = text.index("we said that we would contact you by the end of the next working day.")
        assert said < text.index("call us") < text.index("042 35761999") < text.index("ends in 678")
        ClinicProfile.objects.update(answer_within_hours=7)
        assert "we said that we would" not in main_of(patient.opens())


def test_promise_is_hidden_after_first_contact() -> None:
    with time_machine.travel("2026-11-23T12:00:00+05:00", tick=False) as clock:
        patient = PrivatePage(status=Status.CONTACTING)
        ClinicProfile.objects.create(name="A Clinic", answer_promise="tomorrow")
        ConsultationRequest.objects.update(first_contact_at=timezone.now())
        clock.shift(timedelta(days=1))
        assert "tomorrow" not in main_of(patient.opens())


def test_wrong_number_is_shown_without_a_promise() -> None:
    for status in [Status.NEW, Status.PROPOSED, Status.CONFIRMED]:
        patient = PrivatePage(status=status)
        patient.has_wrong_number()
        promised = timezone.now() + timedelta(hours=4)
        ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=promised)
        page = patient.opens()
        assert "The number that ends in 678 is not right. Correct it" in page.by_class("inset")[0].text
        assert "phone/" in [link["href"] for link in page.by_class("inset")[0].children if link.tag == "a"]
        assert "We’ll call the number" not in main_of(page) and "We contact you" not in main_of(page)
        patient.fills_in("phone", phone="0321 9876543")
        text = main_of(patient.opens())
        assert "is not right" not in text
        if status == Status.NEW:
            assert "We’ll call the number that ends in 543." in text and "We’ll contact you by" in text


def test_wrong_number_is_shown_on_a_late_page() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    text = main_of(patient.opens())
    assert "That time has passed" in text and "The number that ends in 678 is not right." in text


def test_wrong_number_of_two_is_not_guessed() -> None:
    patient = PrivatePage(contact_method="whatsapp", whatsapp="+923331112223")
    patient.has_wrong_number()
    text = main_of(patient.opens())
    assert "678" in text and "223" in text and "one of them is not right" in text


def test_closed_request_shows_no_wrong_number() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    ConsultationRequest.objects.update(status=Status.DECLINED)
    page = patient.opens()
    assert "is not right" not in main_of(page) and not page.all("a", href="phone/")


def test_no_apology_after_first_contact() -> None:
    patient = PrivatePage(status=Status.CONTACTING)
    now = timezone.now()
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(
        promised_by=now - timedelta(hours=1), first_contact_at=now - timedelta(hours=2)
    )
    assert "That time has passed" not in main_of(patient.opens())


def test_page_shows_emergency_help_and_clinic_contact() -> None:
    patient = PrivatePage()
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999", urgent_phone="0300 1234567")
    links = [link["href"] for link in patient.opens().one("main").children if link.tag == "a"]
    assert {"tel:1122", "tel:+924235761999", "tel:+923001234567"} <= set(links)


def test_page_reveals_only_first_name_and_three_digits() -> None:
    for action in ["", *ACTIONS]:
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
            whatsapp="+923217654987",
            contact_method="whatsapp",
        )
        text = main_of(patient.opens(action)).replace("0301 2345678", "", 1 if action == "phone" else 0)
        for secret in (
            "Khan",
            "mother",
            "Bilal",
            "101",
            "secret",
            "a@example.com",
            "2345678",
            "7654987",
            "Nerve",
        ):
            assert secret not in text
        if not action:
            assert "Sent by Ayesha on" in text
            assert "WhatsApp to the number that ends in 987" in text


def test_name_that_looks_like_a_url_is_hidden() -> None:
    assert "Sent on" in main_of(PrivatePage(patient_name="evil.example/x now").opens())


def test_page_counts_attachments_and_shows_none() -> None:
    patient = PrivatePage()
    assert "photograph or report from you" not in main_of(patient.opens())
    patient.request.attachments.create(name="0" * 32 + ".jpg", size=1, digest="0", added_at=timezone.now())
    page = patient.opens()
    assert "We have 1 photograph or report from you." in main_of(page)
    assert not [image for image in page.one("main").children if image.tag == "img"]


def test_page_says_how_the_clinic_will_contact_them() -> None:
    for method, words in [
        ("call", "We’ll call the number"),
        ("whatsapp", "We’ll write on WhatsApp"),
        ("sms", "We’ll send an SMS"),
        ("email", "We’ll write to your email address"),
    ]:
        text = main_of(PrivatePage(contact_method=method, email="a@example.com").opens())
        assert words in text and "the number that ends in 678" in text


@pytest.mark.parametrize("action", ["", *ACTIONS])
def test_page_is_private_unlisted_and_sends_no_referrer(action: str) -> None:
    patient = PrivatePage()
    patient.is_offered()
    for path in (patient.address_of(action), f"/consultation/wrong/{action}{'/' if action else ''}"):
        response = patient.client.get(path)
        page = Page(response)
        assert "no-store" in response["Cache-Control"]
        # Under "no-referrer" a form is sent with "Origin: null", and refused.
        assert response["Referrer-Policy"] == ("same-origin" if page.all("form") else "no-referrer")
        assert "noindex" in response["X-Robots-Tag"]
        assert "noindex" in page.one("meta", name="robots")["content"]
        assert bool(response.cookies) == bool(page.all("form"))


def test_page_shows_its_own_address_once(settings: Any) -> None:
    settings.SITE_URL = "https://clinic.example"
    patient = PrivatePage()
    for query in ({}, {"done": "note"}):
        page = patient.opens(**query)
        (link,) = [link for link in page.one("main").children if patient.key.token in link["href"]]
        assert link["href"] == link.text == f"https://clinic.example/consultation/{patient.key.token}/"
        assert patient.response.content.decode().count(patient.key.token) == 2


@pytest.mark.parametrize("action", [*ACTIONS, "no-such-action"])
def test_action_pages_do_not_contain_the_token(action: str) -> None:
    patient = PrivatePage()
    patient.is_offered()
    patient.opens(action)
    assert patient.key.token not in patient.response.content.decode()
    assert all("action" not in form.attributes for form in Page(patient.response).all("form"))


def test_error_pages_do_not_contain_the_token() -> None:
    for address in ["attachments/", "note/"]:
        patient = PrivatePage()
        strict = type(patient.client)(enforce_csrf_checks=True)
        refused = strict.post(patient.address + address, {"text": "words"})
        too_large = patient.client.post(patient.address + "attachments/", CONTENT_LENGTH=str(10**10))
        assert [refused.status_code, too_large.status_code] == [403, 413]
        for response in (refused, too_large):
            assert patient.key.token not in response.content.decode()


def test_get_changes_nothing() -> None:
    patient = PrivatePage()
    patient.is_offered()
    before = everything_stored()
    with CaptureQueriesContext(connection) as queries:
        for action in ("", *ACTIONS):
            for query in ({}, {"done": action}, {"appointment": "1"}):
                patient.client.get(patient.address_of(action), query)
                patient.client.head(patient.address_of(action), query)
    assert {query["sql"].lstrip("(").split()[0] for query in queries} == {"SELECT"}
    assert everything_stored() == before


def test_private_page_refuses_post() -> None:
    for method in ["post", "put", "delete", "patch"]:
        patient = PrivatePage()
        assert getattr(patient.client, method)(patient.address).status_code == 405


def test_query_count_does_not_grow_with_history() -> None:
    patient = PrivatePage()
    patient.opens()
    with CaptureQueriesContext(connection) as few:
        patient.opens()
    for number in range(5):
        patient.fills_in("note", text=f"Note {number}")
    with CaptureQueriesContext(connection) as many:
        patient.opens()
    assert len(many) == len(few) <= 6
