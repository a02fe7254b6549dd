"""Fixtures for tests of consultation requests."""

from typing import Any

import pytest
from django.test import Client

from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
from tests.factories import a_notice, form_data
from tests.pages import Page, read

FORM = "/consultation/"
PRIVATE_NO_CACHE = "private, no-cache, max-age=0"


@pytest.fixture
def notice(db: None) -> PrivacyNotice:
    return a_notice()


class Patient:
    """A patient's browser, without JavaScript."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.response: Any = None

    @property
    def page(self) -> Page:
        return read(self.response)

    @property
    def text(self) -> str:
        return self.page.one("main").text

    def opens(self, address: str = FORM, **query: str) -> Page:
        self.response = self.client.get(address, query)
        return self.page

    def posts(self, data: dict[str, Any], address: str = FORM) -> Page:
        self.response = self.client.post(address, data)
        return self.page

    def answers(self, **changes: Any) -> Page:
        """Fill in a new form and press "Continue"."""
        notice = PrivacyNotice.objects.latest("pk")
        hidden = {"key": SubmissionKey.new().for_form(), "notice": str(notice.pk)}
        return self.posts(hidden | form_data(**changes))

    def presses(self, name: str, value: str = "", **changes: Any) -> Page:
        """Press a button of "Check your answers": without a value, the first with this name."""
        values = [value, *(button["value"] for button in self.page.all("button", name=name)), "yes"]
        return self.posts(self.page.hidden_fields() | changes | {name: next(filter(None, values))})

    def confirms(self, **changes: Any) -> str:
        """Press "Send request", with other answers if there are any; return the address it leads to."""
        self.presses("send", **changes)
        assert self.response.status_code == 303, self.page.by_class("error-summary")
        address: str = self.response["Location"]
        return address

    def sends(self, **changes: Any) -> str:
        """Fill in a new form and send it; return the address of the private page."""
        self.answers(**changes)
        return self.confirms()


@pytest.fixture
def patient(client: Client, notice: PrivacyNotice) -> Patient:
    return Patient(client)


def stored_request() -> ConsultationRequest:
    """The only stored request."""
    return ConsultationRequest.objects.get()
