"""One request on the staff side: read, and moved on by a button, and nothing else."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from clinic_site.roles import COORDINATOR
from consultations import services, workflow
from consultations.keys import SubmissionKey
from consultations.models import ConsultationRequest, Event
from consultations.workflow import Status
from tests.consultations.pages import Page
from tests.factories import a_request, a_submission, staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return staff(COORDINATOR)


@pytest.fixture
def coordinator(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def address(request: ConsultationRequest, tail: str = "change/") -> str:
    return f"/staff/consultations/consultationrequest/{request.pk}/{tail}"


def shown(client: Client, request: ConsultationRequest) -> Page:
    return Page(client.get(address(request)))


def press(client: Client, request: ConsultationRequest, to: str, expected: str) -> Page:
    response = client.post(address(request, "status/"), {"to": to, "expected": expected})
    assert response.status_code == 303
    return Page(client.get(response["Location"]))


def test_everything_the_patient_wrote_is_there(coordinator: Client) -> None:
    request = a_request(
        for_whom="child",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_name="علی رضا",
        patient_age=7,
        message="It hurts.\nSince yesterday.",
        contact_method="email",
        phone_as_typed="0301-234 5678",
        email="a@example.com",
    )
    text = shown(coordinator, request).by_class("desk")[0].text
    for words in (
        "علی رضا",
        "7 years old",
        "Ayesha Khan",
        "(mother)",
        "for their child",
        "It hurts. Since yesterday.",
        "I am not sure",
        "0301 2345678",
        "0301-234 5678",
        "a@example.com",
        "Email",
        "Version 1 (English)",
    ):
        assert words in text, words


def test_a_call_or_a_message_is_one_press_away(coordinator: Client) -> None:
    links = {link.text: link["href"] for link in shown(coordinator, a_request()).all("a")}
    assert links["Call"] == "tel:+923012345678"
    assert links["WhatsApp"] == "https://wa.me/923012345678"
    landline = a_request(phone="+924235761999", phone_as_typed="042 35761999")
    assert "WhatsApp" not in {link.text for link in shown(coordinator, landline).all("a")}


@pytest.mark.parametrize("status", Status)
def test_the_buttons_are_what_the_workflow_allows(coordinator: Client, status: Status) -> None:
    page = shown(coordinator, a_request(status=status))
    buttons = {button["value"]: button.text for button in page.all("button", name="to")}
    assert buttons == {step.to.value: step.button for step in workflow.STEPS[status]}
    assert page.one("input", name="expected")["value"] == status


def test_a_button_moves_the_request_on_and_the_timeline_tells_it(coordinator: Client, user: User) -> None:
    request = a_request()
    page = press(coordinator, request, "contacting", "new")
    request.refresh_from_db()
    assert request.status == "contacting"
    timeline = page.by_class("timeline")[0].text
    assert "Sent by the patient" in timeline
    assert f"from “New” to “Contacting” by {user}" in timeline
    assert f"{request.reference}: Contacting" in page.by_class("messagelist")[0].text


def test_changed_answers_stand_in_the_timeline(coordinator: Client) -> None:
    key = SubmissionKey.new()
    request = a_request(key=key)
    services.submit(a_submission(key=key, patient_age=35))
    timeline = shown(coordinator, request).by_class("timeline")[0].text
    assert "Answers changed by the patient" in timeline
    assert "Note by the patient Patient’s age: now “35”, before “34”" in timeline


def test_whoever_presses_second_is_told_and_changes_nothing(coordinator: Client) -> None:
    request = a_request(status=Status.DECLINED)
    page = press(coordinator, request, "contacting", "new")
    assert "Someone else has just changed this request." in page.by_class("messagelist")[0].text
    request.refresh_from_db()
    assert request.status == "declined"
    assert not Event.objects.filter(kind=Event.Kind.STATUS_CHANGED).exists()


@pytest.mark.parametrize(
    ("to", "expected"), [("completed", "new"), ("lost", "new"), ("", ""), ("new", "lost")]
)
def test_what_the_workflow_forbids_is_refused_in_words(coordinator: Client, to: str, expected: str) -> None:
    request = a_request()
    page = press(coordinator, request, to, expected)
    assert "cannot go from its status to that one" in page.by_class("messagelist")[0].text
    request.refresh_from_db()
    assert request.status == "new"


def test_reading_a_request_changes_nothing(coordinator: Client) -> None:
    request = a_request()
    with CaptureQueriesContext(connection) as queries:
        coordinator.get(address(request))
    assert {query["sql"].lstrip("(").split()[0] for query in queries} == {"SELECT"}


def test_one_request_takes_as_many_queries_with_a_long_history_as_with_a_short_one(
    coordinator: Client, user: User
) -> None:
    key = SubmissionKey.new()
    request = a_request(key=key)
    counts = []
    for turns in (1, 10):
        for turn in range(turns):
            services.change_status(request, "contacting", actor=user, expected_status="new")
            services.change_status(request, "new", actor=user, expected_status="contacting")
            services.submit(a_submission(key=key, patient_age=turns * 10 + turn))
        with CaptureQueriesContext(connection) as queries:
            coordinator.get(address(request))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 8


def test_there_is_no_script_or_style_in_the_page(coordinator: Client) -> None:
    response = coordinator.get(address(a_request()))
    page = Page(response)
    assert "script-src 'self'" in response["Content-Security-Policy"]
    assert all(script["src"] for script in page.all("script"))
    assert not page.all("style")
    assert not [element for element in page.elements if "style" in element.attributes]
    assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]


def test_what_a_patient_wrote_is_text_and_never_markup(coordinator: Client) -> None:
    request = a_request(patient_name="<script>alert(1)</script>", message="{{ 7 }}<img src=x>")
    page = shown(coordinator, request)
    assert "<script>alert(1)</script>" in page.by_class("desk")[0].text
    assert "{{ 7 }}<img src=x>" in page.by_class("desk")[0].text
    assert not page.all("img", src="x")
