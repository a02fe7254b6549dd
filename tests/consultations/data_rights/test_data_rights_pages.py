"""A manager erases a request, or makes a copy of it: asked twice, written down, and never by a GET."""

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import MANAGER
from clinic_site.mail import queue as mail_queue
from consultations.data_rights import erasure_log
from consultations.lifecycle.staff_actions import Outcome, record_contact
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event, RetentionRule
from tests.consultations.data_rights.erasure_helpers import CLEAN, TRACES, left_of_her, somebody
from tests.consultations.form_pages import Page
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def manager(client: Client) -> User:
    user = staff(MANAGER)
    client.force_login(user)
    return user


def erase_address(request: ConsultationRequest) -> str:
    return f"/staff/requests/{request.pk}/erase/"


def copy_address(request: ConsultationRequest) -> str:
    return f"/staff/requests/{request.pk}/copy/"


def test_the_page_says_what_will_be_gone_and_shows_nothing_personal(client: Client, manager: User) -> None:
    request = somebody(manager)
    Disclosure.objects.count()
    before = Disclosure.objects.count(), Event.objects.count()
    for address in (erase_address(request), copy_address(request)):
        text = client.get(address).content.decode().lower()
        assert not [trace for trace in TRACES if trace in text]
        assert "no-store" in client.get(address)["Cache-Control"]
    page = Page(client.get(erase_address(request))).one("main").text
    assert "1 photograph or report" in page and "3 notes" in page and "becomes withdrawn" in page
    assert (Disclosure.objects.count(), Event.objects.count()) == before


def test_it_erases_with_a_reason_and_the_reference_however_it_is_typed(client: Client, manager: User) -> None:
    request = somebody(manager)
    typed = request.reference.lower().replace("-", " ")
    answer = client.post(erase_address(request), {"reason": "never_wanted", "reference": typed})
    assert (answer.status_code, answer["Location"]) == (303, f"/staff/requests/{request.pk}/")
    assert left_of_her() == []
    assert Event.objects.get(kind="erased").actor == manager
    page = client.get(answer["Location"])
    assert page.status_code == 200 and "are erased" in page.content.decode()


@pytest.mark.parametrize(
    ("sent", "says"),
    [
        ({}, "Choose why it is erased."),
        ({"reason": "asked_by_phone"}, "Type the reference of this request."),
        ({"reason": "asked_by_phone", "reference": "MS-2222-2222"}, "This is not the reference"),
        ({"reason": "asked_by_phone", "reference": "MS"}, "This is not the reference"),
        ({"reason": "retention", "reference": "own"}, "Choose why it is erased."),
        ({"reason": "\x00", "reference": "own"}, "Choose why it is erased."),
        ({"reason": "asked_by_phone", "reference": "۱" * 30_000}, "Type the reference"),
        ({"reason": "asked_by_phone", "reference": "\x00😀"}, "This is not the reference"),
    ],
)
def test_anything_else_erases_nothing_and_says_what_to_do(
    client: Client, manager: User, sent: dict[str, str], says: str
) -> None:
    request = a_request()
    if sent.get("reference") == "own":
        sent = sent | {"reference": request.reference}
    answer = client.post(erase_address(request), sent)
    page = Page(answer)
    assert answer.status_code == 200 and says in page.one("main").text
    assert page.one("title").text.startswith("Error")
    request.refresh_from_db()
    assert request.patient_name and not erasure_log.read().erasures


@pytest.mark.parametrize("what", ["erase", "copy"])
def test_of_an_erased_request_nothing_is_left_to_do(client: Client, manager: User, what: str) -> None:
    request = a_request()
    sent = {"reason": "asked_by_phone", "reference": request.reference}
    client.post(erase_address(request), sent)
    address = f"/staff/requests/{request.pk}/{what}/"
    for answer, code in ((client.get(address), 200), (client.post(address, sent), 409)):
        assert answer.status_code == code
        assert "Nothing is left" in answer.content.decode()
    assert Event.objects.filter(kind__in=["erased", "copy_made"]).count() == 1


def test_a_ledger_that_cannot_be_written_is_said_plainly(
    client: Client, manager: User, settings: Any
) -> None:
    request = a_request()
    settings.ERASURE_LEDGER = Path("/dev/full")
    answer = client.post(erase_address(request), {"reason": "asked_by_phone", "reference": request.reference})
    assert answer.status_code == 503 and "Nothing was erased" in answer.content.decode()
    request.refresh_from_db()
    assert request.patient_name


def copied(client: Client, request: ConsultationRequest, reason: str = "Asked by letter") -> zipfile.ZipFile:
    answer = client.post(copy_address(request), {"reason": reason})
    assert answer.status_code == 200
    assert answer["Content-Disposition"] == f'attachment; filename="{request.reference}.zip"'
    assert "no-store" in answer["Cache-Control"]
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def test_the_copy_holds_everything_and_names_no_colleague(client: Client, manager: User) -> None:
    User.objects.filter(pk=manager.pk).update(first_name="Colleaguename")
    manager.refresh_from_db()
    request = somebody(manager)
    archive = copied(client, request)
    text = archive.read("request.json").decode()
    told = json.loads(text)
    assert not [
        trace for trace in TRACES if trace not in text.lower().replace(" ", "") and trace != "2410555"
    ]
    assert {"answers", "notes", "what happened", "appointments", "messages", "seen by staff"} <= told.keys()
    assert {"by": "the clinic", "text": "Mahrukhsar said a secretword."}.items() <= told["notes"][-1].items()
    assert "colleaguename" not in text.lower() and manager.email not in text
    (picture,) = told["files"]
    assert archive.read(picture["name"]) == CLEAN.content
    event = Event.objects.get(kind="copy_made")
    assert (event.actor, event.detail) == (manager, {})
    seen = Disclosure.objects.get(kind="copied")
    assert (seen.request, seen.actor, seen.reason) == (request, manager, "Asked by letter")


def test_the_copy_has_mail_to_a_former_address_and_what_events_say_more(
    client: Client, manager: User
) -> None:
    request = somebody(manager)
    again = timezone.now() + timedelta(days=2)
    record_contact(
        request, Outcome.NO_ANSWER, actor=manager, expected_status=request.status, call_back_at=again
    )
    request.refresh_from_db()
    ConsultationRequest.objects.filter(pk=request.pk).update(email="new@example.com")
    with transaction.atomic():
        mail_queue.queue(
            "desk@clinic.example", "To us", "Look.", kind="patient_wrote", about=request.reference
        )
        mail_queue.queue(
            "new@xn--bcher-kva.example", "To her", "Later", kind="time_agreed", about=request.reference
        )
    told = json.loads(copied(client, request).read("request.json"))
    sent_to = {message["to"] for message in told["messages"]}
    assert sent_to == {"zarminagul@example.com", "new@xn--bcher-kva.example"}
    assert "Your appointment" in [message["subject"] for message in told["messages"]]
    details = [event["details"] for event in told["what happened"] if event["what"] == "Contact tried"]
    moment = timezone.localtime(again).replace(microsecond=0).isoformat(sep=" ")
    assert details[-1] == {"outcome": "no answer", "call back at": moment}
    assert told["call back"] == moment
    (agreed,) = [event["details"] for event in told["what happened"] if event["what"] == "Time agreed"]
    assert agreed["practitioner"] == "Dr. Ayesha Khan" and agreed["starts at"].endswith("+05:00")
    (given,) = [event for event in told["what happened"] if event["what"] == "Assigned"]
    assert "details" not in given  # they name a colleague


def test_a_file_that_is_gone_from_the_disk_does_not_stop_the_copy(
    client: Client, manager: User, settings: Any
) -> None:
    request = somebody(manager)
    for path in settings.PRIVATE_ROOT.rglob("*.jpg"):
        path.unlink()
    (picture,) = json.loads(copied(client, request).read("request.json"))["files"]
    assert "cannot be read" in picture["missing"]


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("", "Enter the reason."),
        ("   \x00\t", "Enter the reason."),
        ("x" * 301, "Shorten the reason"),
        ("x" * 100_000, "Shorten the reason"),
        ("Letter of ayesha", "Take the name out"),
        ("Ayesha’s letter", "Take the name out"),
        ("asked by letter, ayesha.", "Take the name out"),
        ("Called from 0301 2345678", "Take the number out"),
        ("Called from ۰۳۰۱۲۳۴۵۶۷۸", "Take the number out"),
    ],
)
def test_a_copy_needs_a_reason_that_names_nobody(
    client: Client, manager: User, reason: str, says: str
) -> None:
    answer = client.post(copy_address(a_request()), {"reason": reason})
    assert answer.status_code == 200 and says in Page(answer).one("main").text
    assert not Disclosure.objects.exists() and not Event.objects.filter(kind="copy_made").exists()


@pytest.mark.parametrize("pk", [999_999, 10**30])
def test_a_request_that_does_not_exist_is_not_found(client: Client, manager: User, pk: int) -> None:
    for what in ("erase", "copy"):
        assert client.get(f"/staff/requests/{pk}/{what}/").status_code == 404
        assert client.post(f"/staff/requests/{pk}/{what}/", {"reason": "x"}).status_code == 404


def test_a_visit_that_nobody_has_marked_is_said_before_it_is_erased(client: Client, manager: User) -> None:
    request, asks = somebody(manager), "Mark it first if you know"
    assert asks not in Page(client.get(erase_address(request))).one("main").text
    begun = timezone.now() - timedelta(minutes=10)
    Appointment.objects.update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    assert asks in Page(client.get(erase_address(request))).one("main").text


def test_the_pages_need_few_queries(
    client: Client, manager: User, django_assert_max_num_queries: Any
) -> None:
    request = somebody(manager)
    for address in (erase_address(request), copy_address(request), "/staff/export/", "/staff/log/"):
        with django_assert_max_num_queries(15):
            client.get(address)


def test_a_token_is_needed(manager: User) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(manager)
    request = a_request()
    sent = {"reason": "asked_by_phone", "reference": request.reference}
    assert strict.post(erase_address(request), sent).status_code == 403
    assert strict.post(copy_address(request), {"reason": "x"}).status_code == 403


def test_how_long_requests_are_kept_is_said_beside_the_default(client: Client, manager: User) -> None:
    RetentionRule.objects.create(status="completed", months=18)
    text = client.get("/staff/consultations/retentionrule/").content.decode()
    assert "Completed" in text and ">18<" in text and ">12<" in text
    form = client.get("/staff/consultations/retentionrule/add/").content.decode()
    assert "erased for good" in form
    answer = client.post("/staff/consultations/retentionrule/add/", {"status": "declined", "months": "0"})
    assert answer.status_code == 200 and RetentionRule.objects.count() == 1
