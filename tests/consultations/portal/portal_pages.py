"""Helpers for tests of the private page."""

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from consultations.appointments import offers
from consultations.intake import file_storage
from consultations.intake.upload_cleaning import CleanFile, Kind
from consultations.lifecycle import staff_actions
from consultations.models import Appointment, ConsultationRequest
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.factories import a_coordinator, a_request, a_reviewer, version_of
from tests.pages import Page, read

ACTIONS = ("withdraw", "contact", "note", "attachments", "time", "other-time")
HALF_AN_HOUR = timedelta(minutes=30)


class PrivatePage:
    """One request and its private page in a browser."""

    def __init__(self, *, status: Status = Status.NEW, **answers: Any) -> None:
        self.client = Client()
        self.key = SubmissionKey.new()
        self.request = a_request(key=self.key, status=status, **answers)
        self.address = f"/r/{self.key.token}/"
        self.response: Any = None

    def opens(self, action: str = "", **query: str) -> Page:
        self.response = self.client.get(self.address_of(action), query)
        return read(self.response)

    def sends(self, action: str, **data: Any) -> Page:
        """Post data to an action."""
        self.response = self.client.post(self.address_of(action), data)
        return read(self.response)

    def fills_in(self, action: str, **data: Any) -> Page:
        """Open an action, fill in its form and press its button."""
        return self.sends(action, **self.form_of(action), **data)

    def form_of(self, action: str) -> dict[str, str]:
        """The hidden fields of an action's form and its first button, to be sent later."""
        page = self.opens(action)
        button = next((each for each in page.main.all("button") if each.get("name")), None)
        return page.hidden_fields() | ({button["name"]: button["value"]} if button else {})

    def is_led_back(self) -> Page:
        """Follow the redirect to the private page, which confirms the action."""
        assert self.response.status_code == 303, read(self.response).one("main").text
        assert self.response["Location"].partition("?")[0] == self.address
        self.response = self.client.get(self.response["Location"])
        assert self.response.status_code == 200
        return read(self.response)

    def address_of(self, action: str) -> str:
        return f"{self.address}{action}/" if action else self.address

    def now(self) -> ConsultationRequest:
        """The request as it is stored."""
        return ConsultationRequest.objects.get(pk=self.request.pk)

    def change(self, **values: Any) -> None:
        """Change columns of the request."""
        ConsultationRequest.objects.filter(pk=self.request.pk).update(**values)

    def has_wrong_number(self) -> None:
        """Staff record that the number is wrong."""
        version = version_of(self.request)
        staff_actions.record_contact(self.request, "wrong_number", actor=a_coordinator(), version=version)

    def is_offered(self, days: int = 3, *others: int, agreed: bool = False) -> Appointment:
        """Staff offer an appointment in this many days, with others to choose, or record an agreed one."""
        request = self.now()
        return offers.offer_time(
            request,
            Practitioner.objects.first() or a_reviewer(),
            at_ten(days),
            HALF_AN_HOUR,
            agreed=agreed,
            actor=a_coordinator(),
            version=request.version,
            alternatives=[at_ten(day) for day in others],
        )


def at_ten(days: int) -> datetime:
    """Ten o'clock in this many days."""
    day = timezone.localtime() + timedelta(days=days)
    return day.replace(hour=10, minute=0, second=0, microsecond=0)


def everything_stored() -> dict[str, list[dict[str, Any]]]:
    """Every row of the project's tables."""
    ours = [
        model for model in apps.get_models() if model._meta.app_label in ("consultations", "mail", "accounts")
    ]
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in ours}


def every_state() -> Iterator[tuple[str, Any]]:
    """Every state of the private page and its actions, refusals included."""
    for status in Status:
        yield f"private page, {status}", _opened(PrivatePage(status=status))
    for method in ("any", "email"):
        wrong_number = PrivatePage(contact_method=method, email="a@example.com")
        wrong_number.has_wrong_number()
        yield f"private page, wrong number, {method}", _opened(wrong_number)
    offered, agreed, several = PrivatePage(), PrivatePage(), PrivatePage()
    offered.is_offered(days=3)
    agreed.is_offered(days=4, agreed=True)
    several.is_offered(days=10, agreed=True)
    several.is_offered(11, 12, 13)
    for name, patient in (
        ("offered", offered),
        ("agreed", agreed),
        ("another one offered", several),
        ("closed", PrivatePage(status=Status.DECLINED)),
    ):
        for action in ("", *ACTIONS):
            yield f"private page, {name}, {action}", _opened(patient, action)
    for action, wrong in (
        ("contact", {"phone": "0301 23"}),
        ("note", {"text": "w" * 2000}),
        ("attachments", {}),
    ):
        offered.sends(action, **wrong)
        yield f"private page, {action} wrong", offered.response
    offered.sends("time", version="0")
    yield "private page, another time meanwhile", offered.response
    offered.fills_in("note", text="It is worse.")
    yield "private page, done", _opened(offered, done="note")
    with_files, full, closed = PrivatePage(), PrivatePage(), PrivatePage(status=Status.DECLINED)
    for patient, count in ((with_files, 3), (full, 8), (closed, 3)):
        kinds: Iterator[Kind] = itertools.cycle(("image", "pdf", "locked"))
        for number, kind in zip(range(count), kinds, strict=False):
            name = "زخم کی تصویر.jpg" if number else "IMG_" * 14
            row = file_storage.store(CleanFile(kind, str(number).encode(), b"small", name=name))
            row.request, row.added_at = patient.request, timezone.now() - timedelta(hours=20 * number)
            row.save()
    for action in ("", "attachments"):
        yield f"private page, files, {action}", _opened(with_files, action)
        yield f"private page, full, {action}", _opened(full, action)
        yield f"private page, files of a closed request, {action}", _opened(closed, action)
    with_files.sends("attachments", attachments=SimpleUploadedFile("a.txt", b"words"))
    yield "private page, files wrong", with_files.response
    yield "private page, files done", _opened(with_files, done="attachments")
    agreed.sends("withdraw")
    agreed.sends("note", text="It is worse.")
    yield "private page, withdrawn meanwhile", agreed.response


def _opened(patient: PrivatePage, action: str = "", **query: str) -> Any:
    patient.opens(action, **query)
    return patient.response
