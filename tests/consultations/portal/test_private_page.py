"""The private page says where a request stands, to whoever has its address, and shows the least."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.consultations.form_pages import Page
from tests.consultations.portal.portal_pages import ACTIONS, PrivatePage, everything_stored

pytestmark = pytest.mark.django_db


def main_of(page: Page) -> str:
    return page.one("main").text


def test_the_reference_is_what_stands_out() -> None:
    patient = PrivatePage()
    page = patient.opens()
    assert page.by_class("panel")[0].text.startswith(f"Your reference {patient.request.reference}")
    assert page.one("strong").text == patient.request.reference


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (Status.NEW, "We contact you to agree on a time."),
        (Status.CONTACTING, "We are trying to reach you"),
        (Status.PROPOSED, "We have offered you a time."),
        (Status.CONFIRMED, "have agreed on a time"),
        (Status.COMPLETED, "has taken place"),
        (Status.DID_NOT_ATTEND, "did not see you"),
        (Status.DECLINED, "cannot offer a consultation"),
        (Status.WITHDRAWN, "have withdrawn this request"),
        (Status.UNREACHABLE, "tried to reach you and could not"),
        (Status.QUARANTINED, "We contact you to agree on a time."),
    ],
)
def test_each_status_is_said_in_plain_words(status: Status, words: str) -> None:
    assert words in main_of(PrivatePage(status=status).opens())


@pytest.mark.parametrize("status", Status)
def test_only_whoever_has_an_appointment_is_not_told_that_there_is_none(status: Status) -> None:
    text = main_of(PrivatePage(status=status).opens())
    has_one = status in (Status.CONFIRMED, Status.COMPLETED)
    assert ("You do not have an appointment" in text) != has_one
    may_come = status in (Status.NEW, Status.CONTACTING, Status.PROPOSED, Status.QUARANTINED)
    assert ("You do not have an appointment yet." in text) == may_come


@pytest.mark.parametrize("status", Status)
def test_only_what_can_be_done_is_on_offer(status: Status) -> None:
    patient = PrivatePage(status=status)
    offered = {link["href"] for link in patient.opens().all("a")} & {f"{name}/" for name in ACTIONS}
    for action in ACTIONS:
        has_form = bool(patient.opens(action).all("form"))
        assert patient.response.status_code == 200
        assert has_form == (f"{action}/" in offered)
    open_ones = {Status.NEW, Status.CONTACTING, Status.PROPOSED, Status.CONFIRMED, Status.QUARANTINED}
    assert ("note/" in offered) == (status in open_ones)


def test_a_request_set_aside_as_spam_looks_like_any_other() -> None:
    patient = PrivatePage()
    pages = [main_of(patient.opens(action)) for action in ("", *ACTIONS)]
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(status=Status.QUARANTINED)
    assert [main_of(patient.opens(action)) for action in ("", *ACTIONS)] == pages


def test_the_clinics_own_promise_is_told_and_none_is_made_up() -> None:
    patient = PrivatePage()
    assert "by the end" not in main_of(patient.opens())
    ClinicProfile.objects.create(name="A Clinic", answer_promise="by the end of the next working day")
    assert "We contact you by the end of the next working day." in main_of(patient.opens())


def test_the_promised_moment_is_told_and_kept_to_what_was_promised() -> None:
    patient = PrivatePage()
    promised = datetime.fromisoformat("2030-05-06T18:00:00+05:00")
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=promised)
    ClinicProfile.objects.create(name="A Clinic", answer_promise="some day")
    with time_machine.travel("2030-05-04T10:00:00+05:00", tick=False):
        assert "We contact you by 6pm on Monday 6 May." in main_of(patient.opens())
    with time_machine.travel("2030-05-05T10:00:00+05:00", tick=False):
        assert "We contact you by 6pm tomorrow, Monday 6 May." in main_of(patient.opens())


@pytest.mark.parametrize("status", [Status.NEW, Status.CONTACTING, Status.QUARANTINED])
def test_a_promise_that_was_not_kept_is_owned_and_the_phone_number_given(status: Status) -> None:
    patient = PrivatePage(status=status)
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    page = patient.opens()
    assert "We said that we would contact you by" in main_of(page)
    assert "That time is past" in main_of(page)
    assert page.one("main").text.index("call us") < page.one("main").text.index("042 35761999")
    assert "We contact you" not in main_of(page)


def test_who_waits_too_long_sees_which_number_is_called() -> None:
    patient = PrivatePage()
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    assert "We call the number that ends in 678." in main_of(patient.opens())


@pytest.mark.parametrize("status", [Status.NEW, Status.CONTACTING, Status.QUARANTINED])
def test_a_promise_in_words_is_of_the_day_on_which_it_was_given(status: Status) -> None:
    with time_machine.travel("2026-11-23T23:30:00+05:00", tick=False) as clock:
        patient = PrivatePage(status=status)
        ClinicProfile.objects.create(
            name="A Clinic", phone="042 35761999", answer_promise="by the end of the next working day"
        )
        assert "We contact you by the end of the next working day." in main_of(patient.opens())
        clock.shift(timedelta(hours=1))
        text = main_of(patient.opens())
        assert "We contact you by" not in text
        said = text.index("we said that we would contact you by the end of the next working day.")
        assert said < text.index("call us") < text.index("042 35761999") < text.index("ends in 678")
        ClinicProfile.objects.update(answer_within_hours=7)
        assert "we said that we would" not in main_of(patient.opens())


def test_whoever_was_reached_is_not_told_of_an_old_promise() -> None:
    with time_machine.travel("2026-11-23T12:00:00+05:00", tick=False) as clock:
        patient = PrivatePage(status=Status.CONTACTING)
        ClinicProfile.objects.create(name="A Clinic", answer_promise="tomorrow")
        ConsultationRequest.objects.update(first_contact_at=timezone.now())
        clock.shift(timedelta(days=1))
        assert "tomorrow" not in main_of(patient.opens())


@pytest.mark.parametrize("status", [Status.NEW, Status.PROPOSED, Status.CONFIRMED])
def test_a_wrong_number_is_said_and_no_promise_to_call_it(status: Status) -> None:
    patient = PrivatePage(status=status)
    patient.has_wrong_number()
    promised = timezone.now() + timedelta(hours=4)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=promised)
    page = patient.opens()
    assert "The number that ends in 678 is not right. Correct it" in page.by_class("inset")[0].text
    assert "phone/" in [link["href"] for link in page.by_class("inset")[0].children if link.tag == "a"]
    assert "We call the number" not in main_of(page) and "We contact you" not in main_of(page)
    patient.fills_in("phone", phone="0321 9876543")
    text = main_of(patient.opens())
    assert "is not right" not in text
    if status == Status.NEW:
        assert "We call the number that ends in 543." in text and "We contact you by" in text


def test_a_wrong_number_is_said_as_well_when_the_promise_is_past() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    late = timezone.now() - timedelta(minutes=1)
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(promised_by=late)
    text = main_of(patient.opens())
    assert "That time is past" in text and "The number that ends in 678 is not right." in text


def test_of_two_numbers_neither_is_said_to_be_the_wrong_one() -> None:
    patient = PrivatePage(contact_method="whatsapp", whatsapp="+923331112223")
    patient.has_wrong_number()
    text = main_of(patient.opens())
    assert "678" in text and "223" in text and "one of them is not right" in text


def test_nobody_is_asked_to_correct_a_number_of_a_closed_request() -> None:
    patient = PrivatePage()
    patient.has_wrong_number()
    ConsultationRequest.objects.update(status=Status.DECLINED)
    page = patient.opens()
    assert "is not right" not in main_of(page) and not page.all("a", href="phone/")


def test_nobody_is_told_that_a_promise_was_broken_who_was_reached() -> None:
    patient = PrivatePage(status=Status.CONTACTING)
    now = timezone.now()
    ConsultationRequest.objects.filter(pk=patient.request.pk).update(
        promised_by=now - timedelta(hours=1), first_contact_at=now - timedelta(hours=2)
    )
    assert "That time is past" not in main_of(patient.opens())


def test_the_way_to_help_and_to_the_clinic_are_there() -> None:
    patient = PrivatePage()
    ClinicProfile.objects.create(name="A Clinic", phone="042 35761999", urgent_phone="0300 1234567")
    links = [link["href"] for link in patient.opens().one("main").children if link.tag == "a"]
    assert {"tel:1122", "tel:+924235761999", "tel:+923001234567"} <= set(links)


@pytest.mark.parametrize("action", ["", *ACTIONS])
def test_a_stranger_who_opens_it_learns_a_first_name_and_three_digits(action: str) -> None:
    patient = PrivatePage(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="Bilal Ahmed",
        patient_age=77,
        about="procedure",
        procedure_name="Nerve Repair",
        message="My secret.",
        email="a@example.com",
        whatsapp="+923217654987",
        contact_method="whatsapp",
    )
    text = main_of(patient.opens(action)).replace("0301 2345678", "", 1 if action == "phone" else 0)
    for secret in ("Khan", "mother", "Bilal", "77", "secret", "a@example.com", "2345678", "7654987", "Nerve"):
        assert secret not in text
    if not action:
        assert "Sent by Ayesha on" in text
        assert "WhatsApp to the number that ends in 987" in text


def test_a_name_that_could_be_an_address_is_not_shown() -> None:
    assert "Sent on" in main_of(PrivatePage(patient_name="evil.example/x now").opens())


def test_it_says_how_many_photographs_there_are_and_shows_none() -> None:
    patient = PrivatePage()
    assert "photograph or report from you" not in main_of(patient.opens())
    patient.request.photographs.create(name="0" * 32 + ".jpg", size=1, digest="0", added_at=timezone.now())
    page = patient.opens()
    assert "We have 1 photograph or report from you." in main_of(page)
    assert not [image for image in page.one("main").children if image.tag == "img"]


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("call", "We call the number"),
        ("whatsapp", "We write on WhatsApp"),
        ("sms", "We send an SMS"),
        ("email", "We write to your email address"),
    ],
)
def test_it_says_how_we_reach_them(method: str, words: str) -> None:
    text = main_of(PrivatePage(contact_method=method, email="a@example.com").opens())
    assert words in text and "the number that ends in 678" in text


@pytest.mark.parametrize("action", ["", *ACTIONS])
def test_no_cache_keeps_it_no_search_engine_lists_it_and_no_link_tells_of_it(action: str) -> None:
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


def test_the_page_that_is_to_be_kept_holds_its_own_address_once_as_a_link(settings: Any) -> None:
    settings.SITE_URL = "https://clinic.example"
    patient = PrivatePage()
    for query in ({}, {"done": "note"}):
        page = patient.opens(**query)
        (link,) = [link for link in page.one("main").children if patient.key.token in link["href"]]
        assert link["href"] == link.text == f"https://clinic.example/consultation/{patient.key.token}/"
        assert patient.response.content.decode().count(patient.key.token) == 2


@pytest.mark.parametrize("action", [*ACTIONS, "no-such-action"])
def test_its_address_stands_nowhere_in_the_pages_of_its_actions(action: str) -> None:
    patient = PrivatePage()
    patient.is_offered()
    patient.opens(action)
    assert patient.key.token not in patient.response.content.decode()
    assert all("action" not in form.attributes for form in Page(patient.response).all("form"))


@pytest.mark.parametrize("address", ["photographs/", "note/"])
def test_nor_in_the_page_that_says_what_went_wrong(address: str) -> None:
    patient = PrivatePage()
    strict = type(patient.client)(enforce_csrf_checks=True)
    refused = strict.post(patient.address + address, {"text": "words"})
    too_large = patient.client.post(patient.address + "photographs/", CONTENT_LENGTH=str(10**10))
    assert [refused.status_code, too_large.status_code] == [403, 413]
    for response in (refused, too_large):
        assert patient.key.token not in response.content.decode()


def test_opening_any_of_its_links_changes_nothing() -> None:
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


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_nothing_can_be_sent_to_it(method: str) -> None:
    patient = PrivatePage()
    assert getattr(patient.client, method)(patient.address).status_code == 405


def test_the_number_of_queries_does_not_grow_with_what_happened() -> None:
    patient = PrivatePage()
    patient.opens()
    with CaptureQueriesContext(connection) as few:
        patient.opens()
    for number in range(5):
        patient.fills_in("note", text=f"Note {number}")
    with CaptureQueriesContext(connection) as many:
        patient.opens()
    assert len(many) == len(few) <= 6
