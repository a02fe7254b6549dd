"""One request on the staff side: everything that the patient said, and what may be done, on one page."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.roles import COORDINATOR, MANAGER
from clinic_site.clinic.models import Closure, OpeningHours
from consultations import workflow
from consultations.data_rights import erasure
from consultations.lifecycle import staff_actions, status_changes
from consultations.models import ConsultationRequest, Disclosure, Note
from consultations.portal import actions
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import Desk, a_colleague, with_files
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

ACTIONS = ("status", "contact", "note", "assignee", "contact-details", "read", "link")


def test_everything_the_patient_said_is_there() -> None:
    request = a_request(
        for_whom="adult",
        requester_name="Ayesha Khan",
        relationship="mother",
        patient_knows="no",
        patient_name="علی رضا",
        patient_age=7,
        city="Kasur",
        onset=2,
        message="It hurts.\nSince yesterday.",
        contact_method="email",
        phone_as_typed="0301-234 5678",
        whatsapp="+923219876543",
        whatsapp_as_typed="0321 98 76 543",
        email="a@example.com",
        may_identify_clinic="yes",
        days=[0, 2],
        parts_of_day=["morning"],
        speaks="other",
        speaks_other="Pashto",
        woman_staff=True,
        access_needs="A ramp",
        created_at=datetime(2026, 3, 4, 9, tzinfo=UTC),
    )
    text = Desk(request).opens().by_class("desk__said")[0].text
    for words in (
        "علی رضا",
        "7 years old",
        "Kasur",
        "Ayesha Khan (mother) for another adult",
        "the patient does not know",
        "I am not sure",
        "1 to 7 days ago Answered on 4 March 2026",
        "It hurts. Since yesterday.",
        "PrefersEmail",
        "0301 2345678",
        "typed as 0301-234 5678",
        "0321 9876543",
        "typed as 0321 98 76 543",
        "a@example.com",
        "May we say who we are?Yes",
        "Monday, Wednesday",
        "Morning",
        "Pashto",
        "Wants a female member of staffYes",
        "A ramp",
        "English",
        "Version 1 (English)",
    ):
        assert words in text, words


def test_a_call_or_a_chat_is_one_press_away_to_the_number_named_for_it(desk: Desk) -> None:
    links = {link.text: link["href"] for link in desk.opens().all("a")}
    assert links["Call"] == "tel:+923012345678"
    answer = desk.client.get(links["WhatsApp"])
    chat = answer["Location"]
    assert chat.startswith("https://wa.me/923012345678?text=Hello%2C%20this%20is")
    assert desk.request.reference in chat
    assert "Ayesha" not in chat
    assert answer["Referrer-Policy"] == "no-referrer"
    other = Desk(a_request(whatsapp="+923219876543", whatsapp_as_typed="0321 9876543"), desk.user)
    assert "wa.me/923219876543?" in other.client.get(other.address("whatsapp/"))["Location"]


def test_there_is_no_chat_with_a_landline() -> None:
    desk = Desk(a_request(phone="+924235761999", phone_as_typed="042 35761999"))
    assert "WhatsApp" not in {link.text for link in desk.opens().all("a")}
    assert desk.client.get(desk.address("whatsapp/")).status_code == 404


def test_who_must_not_be_named_stands_in_words_over_the_number() -> None:
    page = Desk(a_request(may_identify_clinic="no")).opens()
    html = " ".join(page.by_class("desk__said")[0].text.split())
    assert html.index("Do not say who is calling") < html.index("0301 2345678")
    other = Desk(a_request(may_identify_clinic="yes"), staff(MANAGER))
    assert not other.opens().by_class("say-nothing")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"phone": "+923017654987"}, {"whatsapp": "+923017654987"}),
        ({"whatsapp": "+923017654987"}, {"whatsapp": "+923017654987"}),
    ],
)
def test_a_number_is_the_same_whether_it_is_for_calls_or_for_whatsapp(
    one: dict[str, str], other: dict[str, str]
) -> None:
    numbers = {"phone": "+923000000001"}, {"phone": "+923000000002"}
    first = a_request(patient_name="Bilal Secret", **(numbers[0] | one))
    second = a_request(patient_name="Sana Secret", **(numbers[1] | other))
    a_request(patient_name="Nobody Else", phone="+923000000003")
    user = staff(COORDINATOR)
    for request, shown in ((first, second), (second, first)):
        (found,) = Desk(request, user).opens().by_class("same-number")
        assert shown.reference in found.text and "Nobody" not in found.text
        assert Disclosure.objects.filter(request=shown, kind=Disclosure.Kind.LISTED).count() == 1
    erasure.erase(first, actor=staff(MANAGER), reason="asked_by_phone")
    assert not Desk(second, user).opens().by_class("same-number")


def test_others_from_the_number_are_shown_by_first_name_only_and_ten_at_most(desk: Desk) -> None:
    assert "Also from this number" not in desk.opens().one("body").text
    others = [a_request(patient_name=f"Bilal{number} Secret") for number in range(12)]
    a_request(patient_name="Stranger Somebody", phone="+923219876543")
    shown = desk.opens().by_class("same-number")[0].text
    assert [other.reference in shown for other in others] == [False] * 2 + [True] * 10
    assert "Bilal11, New" in shown
    assert "Secret" not in shown and "Stranger" not in shown
    assert "There are older ones" in shown
    listed = Disclosure.objects.filter(kind="listed", actor=desk.user)
    assert {row.request_id for row in listed} == {other.pk for other in others[2:]}


def test_opening_is_written_down(desk: Desk) -> None:
    desk.opens()
    seen = Disclosure.objects.get()
    assert (seen.kind, seen.request, seen.actor) == ("opened", desk.request, desk.user)


@pytest.mark.parametrize("status", Status)
def test_the_buttons_are_what_the_workflow_allows(status: Status) -> None:
    page = Desk(a_request(status=status)).opens()
    buttons = {button["value"]: button.text for button in page.all("button", name="to")}
    possible = [step for step in workflow.STEPS[status] if step.is_possible(False)]
    allowed = [step for step in possible if not workflow.needs_time(status, step.to)]
    assert buttons == {step.to.value: step.button for step in allowed}
    assert page.all("input", name="version")[0]["value"] == "0"


@pytest.mark.parametrize("status", Status)
def test_steps_that_need_a_time_lead_to_where_one_is_picked(status: Status) -> None:
    request = a_request(status=status)
    address = reverse("desk:offer_time", args=[request.pk])
    desk = Desk(request)
    links = {link["href"] for link in desk.opens().all("a") if "step" in link["class"].split()}
    steps = workflow.STEPS[status]
    assert links == {f"{address}?to={step.to}" for step in steps if workflow.needs_time(status, step.to)}
    assert all(desk.client.get(link).status_code == 200 for link in links)


def test_where_it_stands_tells_what_waits_and_who_has_it(desk: Desk) -> None:
    for day in range(7):
        OpeningHours.objects.create(weekday=day, opens="09:00", closes="17:00")
    sent = datetime(2026, 3, 4, 5, tzinfo=UTC)  # 10:00 in Lahore
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(
        created_at=sent, promised_by=sent + timedelta(hours=2), assignee=a_colleague()
    )
    with time_machine.travel(sent + timedelta(hours=25), tick=False):
        desk.client.force_login(desk.user)
        facts = desk.opens().by_class("facts")[0].text
    assert "Waiting for 9 clinic hours" in facts  # until 17:00, and from 9:00 to 11:00
    assert "Late: promised by 4 March, 12:00" in facts
    assert "Assigned to Sana Malik" in facts


def test_whoever_writes_a_note_reads_that_the_patient_may_get_it(desk: Desk) -> None:
    page = desk.opens()
    box = page.one("textarea", id="id_text")
    help_text = next(page.one("p", id=name) for name in box["aria-describedby"].split())
    assert "gets it with a copy of their data" in help_text.text


def test_the_agreed_time_stands_there() -> None:
    request = a_request(status=Status.CONFIRMED)
    an_appointment(request)
    facts = Desk(request).opens().by_class("facts")[0].text
    assert "Appointment: Wednesday 25 November 2026, 17:30, with Dr. Ayesha Khan" in facts


def test_whoever_may_only_look_sees_no_button_and_may_press_none(desk: Desk) -> None:
    user = staff(email="looks@clinic.example")
    user.user_permissions.add(Permission.objects.get(codename="view_consultationrequest"))
    looks = Desk(desk.request, user)
    page = looks.opens()
    assert not page.by_class("work")
    for action in ("status", "contact", "note", "assignee", "read", "link"):
        assert looks.client.post(looks.address(f"{action}/"), desk.carried).status_code == 403


@pytest.mark.parametrize("pk", ["999999", "9" * 30, "9" * 5000, "x", "-1"])
def test_a_request_that_does_not_exist_is_not_found(desk: Desk, pk: str) -> None:
    assert desk.client.get(f"/staff/requests/{pk}/").status_code == 404
    for action in (*ACTIONS, "presence"):
        assert desk.client.post(f"/staff/requests/{pk}/{action}/").status_code == 404


def test_the_old_address_leads_to_the_page(desk: Desk) -> None:
    answer = desk.client.get(f"/staff/consultations/consultationrequest/{desk.request.pk}/change/")
    assert (answer.status_code, answer["Location"]) == (302, desk.address())


def test_an_erased_request_shows_what_happened_and_nothing_to_press(desk: Desk) -> None:
    desk.opens()
    ConsultationRequest.objects.filter(pk=desk.request.pk).update(
        patient_name="", patient_age=None, phone="", phone_as_typed="", erased_at=timezone.now()
    )
    page = Desk(desk.request, desk.user).opens()
    assert "The personal details of this request were erased on" in page.one("body").text
    assert "Sent by the patient" in page.by_class("timeline")[0].text
    assert not page.by_class("work")
    for action in ("status", "contact", "note", "assignee", "read", "link"):
        sent = {"to": "contacting", "outcome": "spoke", "assignee": "me", "text": "Words"}
        desk.presses(action, **sent)
        assert desk.response.status_code == 409, action
        assert desk.problem == "This is not possible in the current status.", action
    assert not Note.objects.exists()


def test_the_page_takes_as_many_queries_with_a_long_history_as_with_a_short_one() -> None:
    request = a_request(email="a@example.com", contact_method="email")
    with_files(request)
    desk = Desk(request)
    OpeningHours.objects.create(weekday=0, opens="09:00", closes="17:00")
    Closure.objects.create(name="Eid", starts_on="2026-03-20", ends_on="2026-03-22")
    counts = []
    for turns in (1, 10):
        for turn in range(turns):
            staff_actions.add_note(request, f"{turns} {turn}", actor=desk.user)
            actions.add_patient_note(request, f"{turns} {turn}")
            status_changes.change_status(request, "declined", actor=desk.user, expected_status="new")
            status_changes.change_status(request, "contacting", actor=desk.user, expected_status="declined")
            status_changes.change_status(request, "new", actor=desk.user, expected_status="contacting")
            a_request()
            a_colleague(f"Sana{turns} Malik{turn}") if turn == 0 else None
        with CaptureQueriesContext(connection) as queries:
            desk.client.get(desk.address())
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_nothing_but_who_saw_it_and_who_is_there_is_written_by_opening(desk: Desk) -> None:
    with CaptureQueriesContext(connection) as queries:
        desk.client.get(desk.address())
    written = [query["sql"] for query in queries if not query["sql"].lstrip("(").startswith("SELECT")]
    assert len(written) == 2
    assert all(
        any(f'INSERT INTO "consultations_{table}"' in sql for table in ("presence", "disclosure"))
        for sql in written
    )


def test_there_is_no_script_or_style_in_the_page(desk: Desk) -> None:
    page = desk.opens()
    assert "script-src 'self'" in desk.response["Content-Security-Policy"]
    assert "no-store" in desk.response["Cache-Control"]
    assert all(script["src"] for script in page.all("script"))
    assert not page.all("style")
    assert not [element for element in page.elements if "style" in element.attributes]
    assert not [name for element in page.elements for name in element.attributes if name.startswith("on")]
    assert len(page.ids) == len(set(page.ids))


def test_what_a_patient_wrote_is_text_and_never_markup() -> None:
    request = a_request(patient_name="<script>alert(1)</script>", message="{{ 7 }}<img src=x>")
    a_request(patient_name="<b>bold</b>")
    page = Desk(request).opens()
    assert "<script>alert(1)</script>" in page.by_class("desk")[0].text
    assert "{{ 7 }}<img src=x>" in page.by_class("desk")[0].text
    assert "<b>bold</b>" in page.by_class("same-number")[0].text
    assert not page.all("img", src="x")
