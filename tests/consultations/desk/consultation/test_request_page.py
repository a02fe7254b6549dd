"""The page of one request: everything that the patient said, and what to do next."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consultations.models import Disclosure
from consultations.workflow import Status
from tests.consultations.desk.consultation.request_pages import ACTIONS, Desk, a_colleague, a_viewer
from tests.consultations.desk.queue.queue_pages import as_erased
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request

pytestmark = pytest.mark.django_db


def test_page_shows_every_answer() -> None:
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
        phone_extension="204",
        phone_is_shared=True,
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
    page = Desk(request).opens()
    text = page.by_class("desk__said")[0].text
    for words in (
        "علی رضا",
        "7",
        "Kasur",
        "Ayesha Khan (mother) for another adult",
        "the patient does not know",
        "I’m not sure",
        "1 to 7 days ago Answered on Wed 4 Mar 2026",
        "It hurts. Since yesterday.",
        "Prefers Email",
        "0301 2345678",
        "typed as 0301-234 5678",
        "Others use this phone Yes",
        "0301 2345678 ext. 204",
        "a@example.com",
        "May we say who we are? Yes",
        "Monday, Wednesday",
        "Morning",
        "Pashto",
        "Wants a female member of staff Yes",
        "A ramp",
        "English",
        "Version 1 (English)",
    ):
        assert words in text, words
    assert "Do not say who is calling" not in text


def test_call_and_chat_links(desk: Desk) -> None:
    page = desk.opens()
    text = page.by_class("desk__said")[0].text
    assert text.index("Do not say who is calling") < text.index("0301 2345678")
    links = {link.text: link["href"] for link in page.all("a")}
    assert links["Call"] == "tel:+923012345678"
    answer = desk.client.get(links["WhatsApp"])
    chat = answer["Location"]
    assert chat.startswith("https://wa.me/923012345678?text=Hello%2C%20this%20is")
    assert desk.request.reference in chat
    assert "Ayesha" not in chat
    assert answer["Referrer-Policy"] == "no-referrer"
    other = Desk(a_request(), desk.user)
    other.client.get(other.address("whatsapp/"))
    opened = Disclosure.objects.filter(kind="opened", actor=desk.user, request=other.request)
    assert opened.count() == 1  # the address shows the number
    landline = Desk(a_request(phone="+924235761999", phone_as_typed="042 35761999"), desk.user)
    assert "WhatsApp" not in {link.text for link in landline.opens().all("a")}
    assert landline.client.get(landline.address("whatsapp/")).status_code == 404


def test_staff_ask_for_the_relative_and_not_for_a_patient_who_does_not_know(desk: Desk) -> None:
    request = a_request(
        for_whom="adult",
        requester_name="Bilal Khan",
        relationship="son",
        patient_name="Nasreen Bibi",
        patient_knows="no",
        may_identify_clinic="no",
    )
    text = Desk(request, desk.user).opens().one("main").text
    assert "Ask for Bilal Khan (son)." in text
    assert "Nasreen Bibi does not know about this request." in text
    assert "Ask for Bilal Khan, and do not say who we are" in text
    assert "Sent by Bilal Khan (son)" in text and "by the patient" not in text
    text = Desk(a_request(may_identify_clinic="yes"), desk.user).opens().one("main").text
    assert "Ask for Ayesha Khan." in text and "do not say" not in text


def test_requests_from_the_same_number_are_listed_by_first_name(desk: Desk) -> None:
    page = desk.opens()
    assert "Also from this number" not in page.one("body").text
    seen = Disclosure.objects.get()
    assert (seen.kind, seen.request, seen.actor) == ("opened", desk.request, desk.user)
    others = [a_request(patient_name=f"Bilal{number} Secret") for number in range(12)]
    a_request(patient_name="Stranger Somebody", phone="+923219876543")
    shown = desk.opens().by_class("same-number")[0].text
    assert [other.reference in shown for other in others] == [False] * 2 + [True] * 10
    assert "Bilal11, New" in shown
    assert "Secret" not in shown and "Stranger" not in shown
    assert "There are older ones" in shown
    listed = Disclosure.objects.filter(kind="listed", actor=desk.user)
    assert {row.request_id for row in listed} == {other.pk for other in others[2:]}


def test_status_shows_waiting_deadline_and_assignee(desk: Desk) -> None:
    open_every_day()
    sent = datetime(2026, 3, 4, 5, tzinfo=UTC)  # 10:00 in Lahore
    desk.set_to(created_at=sent, promised_by=sent + timedelta(hours=2), assignee=a_colleague())
    for viewer in (desk, Desk(desk.request, a_viewer())):
        with time_machine.travel(sent + timedelta(hours=25), tick=False):
            viewer.client.force_login(viewer.user)
            facts = viewer.opens().by_class("facts")[0].text
        assert "Waiting, in clinic hours: 9 h" in facts  # until 17:00, and from 9:00 to 11:00
        assert "Late: promised by Wed 4 Mar, noon" in facts
        assert "Assigned to Sana Malik" in facts
    desk.set_to(status=Status.CONFIRMED)
    desk.client.force_login(desk.user)
    an_appointment(desk.request)
    facts = desk.opens().by_class("facts")[0].text
    assert "Appointment: Wed 25 Nov 2026, 5:30 pm, with Dr. Ayesha Khan" in facts


def test_note_field_says_that_the_patient_may_get_it(desk: Desk) -> None:
    page = desk.opens()
    box = page.one("textarea", id="id_text")
    help_text = next(page.one("p", id=name) for name in box["aria-describedby"].split())
    assert "gets it with a copy of their data" in help_text.text


def test_unknown_request_is_not_found_and_old_address_redirects(desk: Desk) -> None:
    for pk in ("999999", "9" * 30, "9" * 5000, "x", "-1"):
        assert desk.client.get(f"/staff/requests/{pk}/").status_code == 404, pk
        assert desk.client.post(f"/staff/requests/{pk}/presence/").status_code == 404, pk
    for action in ACTIONS:
        assert desk.client.post(f"/staff/requests/999999/{action}/").status_code == 404, action
    admin_list = "/staff/consultations/consultationrequest/"
    for pk in ("999999", "9" * 30, "x"):
        assert desk.client.get(f"{admin_list}{pk}/change/").status_code == 404, pk
    for old, new in (("", "/staff/requests/"), (f"{desk.request.pk}/change/", desk.address())):
        answer = desk.client.get(admin_list + old)
        assert (answer.status_code, answer["Location"]) == (302, new)


def test_erased_request_shows_its_history_and_no_action(desk: Desk) -> None:
    as_erased(desk.request)
    page = desk.opens()
    assert "The personal details of this request were erased on" in page.one("body").text
    assert "Sent by the patient" in page.by_class("timeline")[0].text
    assert not page.by_class("work")


def test_opening_writes_only_who_saw_it_and_who_is_there(desk: Desk) -> None:
    with CaptureQueriesContext(connection) as queries:
        desk.client.get(desk.address())
    written = [query["sql"] for query in queries if not query["sql"].lstrip("(").startswith("SELECT")]
    assert len(written) == 2
    assert all(
        any(f'INSERT INTO "consultations_{table}"' in sql for table in ("presence", "disclosure"))
        for sql in written
    )


def test_page_has_no_inline_script_and_escapes_markup() -> None:
    request = a_request(patient_name="<script>alert(1)</script>", message="{{ 7 }}<img src=x>")
    a_request(patient_name="<b>bold</b>")
    desk = Desk(request)
    page = desk.opens()
    assert "<script>alert(1)</script>" in page.by_class("desk")[0].text
    assert "{{ 7 }}<img src=x>" in page.by_class("desk")[0].text
    assert "<b>bold</b>" in page.by_class("same-number")[0].text
    assert not page.all("img", src="x")
    assert "script-src 'self'" in desk.response["Content-Security-Policy"]
    assert "no-store" in desk.response["Cache-Control"]
    assert all(script["src"] for script in page.all("script"))
    assert not page.all("style")
    assert not [element for element in page.all() if "style" in element.attributes]
    assert not [name for element in page.all() for name in element.attributes if name.startswith("on")]
    assert len(page.ids) == len(set(page.ids))
