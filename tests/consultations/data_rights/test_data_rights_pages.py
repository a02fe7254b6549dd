"""The pages on which managers erase or copy a request."""

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
from clinic_site.mail import queue as mail_queue
from consultations.data_rights import erasure, erasure_log, subject_access
from consultations.lifecycle.staff_actions import Outcome, record_contact
from consultations.models import Appointment, ConsultationRequest, Disclosure, Event, RetentionRule
from tests.consultations.data_rights.erasure_helpers import (
    CLEAN,
    TRACES,
    personal_details_left,
    request_with_traces,
)
from tests.factories import a_request, version_of
from tests.pages import read

pytestmark = pytest.mark.django_db


def erase_address(request: ConsultationRequest) -> str:
    return f"/staff/requests/{request.pk}/erase/"


def copy_address(request: ConsultationRequest) -> str:
    return f"/staff/requests/{request.pk}/copy/"


def test_pages_show_no_personal_details(client: Client, manager: User) -> None:
    request, asks = request_with_traces(manager), "Record it first if you know"
    before = Disclosure.objects.count(), Event.objects.count()
    for address in (erase_address(request), copy_address(request), "/staff/export/"):
        response = client.get(address)
        assert not [trace for trace in TRACES if trace in response.content.decode().lower()]
        assert "no-store" in response["Cache-Control"]
    page = read(client.get(erase_address(request))).one("main").text
    for text in ("1 photograph or report", "3 notes", "becomes withdrawn", "the patient is not told"):
        assert text in page
    assert asks not in page
    assert (Disclosure.objects.count(), Event.objects.count()) == before
    begun = timezone.now() - timedelta(minutes=10)
    Appointment.objects.update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    assert asks in read(client.get(erase_address(request))).one("main").text


def test_erase_with_reason_and_reference(
    client: Client, manager: User, django_capture_on_commit_callbacks: Any
) -> None:
    request = request_with_traces(manager)
    typed = request.reference.lower().replace("-", " ")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(manager)
    for address in (erase_address(request), copy_address(request)):
        assert strict.post(address, {"reason": "asked_by_phone", "reference": typed}).status_code == 403
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(erase_address(request), {"reason": "never_wanted", "reference": typed})
    assert (answer.status_code, answer["Location"]) == (303, f"/staff/requests/{request.pk}/")
    assert personal_details_left() == []
    assert Event.objects.get(kind="erased").actor == manager
    page = client.get(answer["Location"])
    assert page.status_code == 200 and "are erased" in page.content.decode()
    sent = {"reason": "asked_by_phone", "reference": request.reference}
    for address in (erase_address(request), copy_address(request)):
        for answer, code in ((client.get(address), 200), (client.post(address, sent), 409)):
            assert answer.status_code == code
            assert "There is nothing left" in answer.content.decode()
    assert Event.objects.filter(kind__in=["erased", "copy_made"]).count() == 1


def test_colleague_who_is_faster_is_reported(
    client: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    erase, make = erasure.erase, subject_access.make

    def after_a_colleague(act: Any) -> Any:
        def late(request: ConsultationRequest, **options: Any) -> Any:
            erase(ConsultationRequest.objects.get(pk=request.pk), actor=manager, reason="asked_by_phone")
            return act(request, **options)

        return late

    monkeypatch.setattr(erasure, "erase", after_a_colleague(erase))
    monkeypatch.setattr(subject_access, "make", after_a_colleague(make))
    for address in (erase_address, copy_address):
        request = a_request()
        answer = client.post(address(request), {"reason": "asked_by_phone", "reference": request.reference})
        assert answer.status_code == 409 and "There is nothing left" in answer.content.decode()


def test_invalid_erase_form_erases_nothing(client: Client, manager: User) -> None:
    request = a_request()
    own = request.reference
    cases: list[tuple[dict[str, str], str]] = [
        ({}, "Choose why it is erased."),
        ({"reason": "asked_by_phone"}, "Type the reference of this request."),
        ({"reason": "asked_by_phone", "reference": "MS-2222-2222"}, "This is not the reference"),
        ({"reason": "asked_by_phone", "reference": "MS"}, "This is not the reference"),
        ({"reason": "retention", "reference": own}, "Choose why it is erased."),
        ({"reason": "\x00", "reference": own}, "Choose why it is erased."),
        ({"reason": "asked_by_phone", "reference": "۱" * 30_000}, "Type the reference"),
        ({"reason": "asked_by_phone", "reference": "\x00😀"}, "This is not the reference"),
    ]
    for sent, says in cases:
        answer = client.post(erase_address(request), sent)
        page = read(answer)
        assert answer.status_code == 200 and says in page.one("main").text, sent
        assert "Correct the fields marked below." in page.one("main").text
        assert page.one("title").text.startswith("Error")
    request.refresh_from_db()
    assert request.patient_name and not erasure_log.read().erasures


def test_unwritable_erasure_log_is_reported(client: Client, manager: User, settings: Any) -> None:
    request = a_request()
    settings.ERASURE_LEDGER = Path("/dev/full")
    answer = client.post(erase_address(request), {"reason": "asked_by_phone", "reference": request.reference})
    assert answer.status_code == 503 and "Nothing was erased" in answer.content.decode()
    assert "Correct the fields" not in answer.content.decode()
    request.refresh_from_db()
    assert request.patient_name


def copied(client: Client, request: ConsultationRequest) -> zipfile.ZipFile:
    answer = client.post(copy_address(request), {"reason": "asked_in_writing"})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/zip"
    assert answer["Content-Disposition"] == f'attachment; filename="{request.reference}.zip"'
    assert "no-store" in answer["Cache-Control"]
    return zipfile.ZipFile(io.BytesIO(b"".join(answer)))


def test_copy_has_everything_but_names_of_colleagues(client: Client, manager: User, settings: Any) -> None:
    User.objects.filter(pk=manager.pk).update(first_name="Colleaguename")
    manager.refresh_from_db()
    request = request_with_traces(manager)
    archive = copied(client, request)
    text = archive.read("request.json").decode()
    told = json.loads(text)
    assert not [trace for trace in TRACES if trace not in text.lower().replace(" ", "")]
    assert {"answers", "notes", "events", "appointments", "messages", "who saw what"} <= told.keys()
    assert told["answers"]["patient’s name"] == "Mahrukhsar Qazalbash"
    assert {"by": "the clinic", "text": "Mahrukhsar said a secretword."}.items() <= told["notes"][-1].items()
    assert "colleaguename" not in text.lower() and manager.email not in text
    (picture,) = told["attachments"]
    assert archive.read(picture["file"]) == CLEAN.content
    assert picture["file name"] == CLEAN.name
    event = Event.objects.get(kind="copy_made")
    assert (event.actor, event.detail) == (manager, {})
    seen = Disclosure.objects.get(kind="copied")
    assert (seen.request, seen.actor, seen.reason) == (request, manager, "asked_in_writing")

    for path in settings.PRIVATE_ROOT.rglob("*.jpg"):
        path.unlink()
    assert json.loads(copied(client, request).read("request.json"))["missing files"] == [picture["file"]]


def test_copy_has_all_mail_and_event_details(client: Client, manager: User) -> None:
    request = request_with_traces(manager)
    again = timezone.now() + timedelta(days=2)
    record_contact(request, Outcome.NO_ANSWER, actor=manager, version=version_of(request), call_back_at=again)
    request.refresh_from_db()
    ConsultationRequest.objects.filter(pk=request.pk).update(email="new@example.com")
    with transaction.atomic():
        for to, kind in (
            ("desk@clinic.example", "patient_activity"),
            ("new@xn--bcher-kva.example", "appointment_agreed"),
        ):
            mail_queue.queue(to, "Subject", "Text", kind=kind, about=request.reference)
    told = json.loads(copied(client, request).read("request.json"))
    sent_to = {message["to"] for message in told["messages"]}
    assert sent_to == {"zarminagul@example.com", "new@xn--bcher-kva.example"}
    assert "Your appointment" in [message["subject"] for message in told["messages"]]
    events = {event["what happened"]: event for event in told["events"]}
    moment = timezone.localtime(again).replace(microsecond=0).isoformat(sep=" ")
    contact = events["Contact tried"]
    assert (contact["outcome"], contact["call back at"]) == ("No answer", moment)
    assert told["call back at"] == moment
    agreed = events["Time agreed"]
    assert agreed["practitioner"] == "Dr. Ayesha Khan" and agreed["starts at"].endswith("+05:00")
    assert events["Assigned"].keys() == {"at", "what happened"}  # its details name a colleague
    assert "at" in events["Contact details changed"]


def test_copy_requires_a_reason_from_the_list(client: Client, manager: User) -> None:
    for reason in ("", "x" * 100_000, "report", "Letter of ayesha"):
        answer = client.post(copy_address(a_request()), {"reason": reason})
        assert answer.status_code == 200
        assert "Choose how the copy was asked for." in read(answer).one("main").text
    assert not Disclosure.objects.exists() and not Event.objects.filter(kind="copy_made").exists()
    for address in ("/staff/requests/999999/copy/", f"/staff/requests/{10**30}/erase/"):
        assert client.get(address).status_code == client.post(address).status_code == 404


def test_retention_rule_admin_shows_default(client: Client, manager: User) -> None:
    RetentionRule.objects.create(status="completed", months=18)
    text = client.get("/staff/consultations/retentionrule/").content.decode()
    assert "Completed" in text and ">18<" in text and ">12<" in text
    form = client.get("/staff/consultations/retentionrule/add/").content.decode()
    assert "erases its personal details" in form
    answer = client.post("/staff/consultations/retentionrule/add/", {"status": "declined", "months": "0"})
    assert answer.status_code == 200 and RetentionRule.objects.count() == 1
