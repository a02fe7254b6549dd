"""Fixtures for tests of consultation requests."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from consultations.models import PrivacyNotice
from tests.consultations.form_pages import Page, read
from tests.factories import a_notice, form_data


@pytest.fixture
def notice(db: None) -> PrivacyNotice:
    return a_notice()


class Patient:
    """A patient's browser, without JavaScript."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.address = reverse("consultations:request")
        self.response: Any = None
        self.sent: dict[str, Any] = {}

    @property
    def page(self) -> Page:
        return read(self.response)

    def opens(self, address: str = "", **query: str) -> Page:
        self.response = self.client.get(address or self.address, query)
        return self.page

    def posts(self, data: dict[str, Any]) -> Page:
        """Post data to the form."""
        self.sent = data
        self.response = self.client.post(self.address, data)
        return self.page

    def answers(self, **changes: Any) -> Page:
        """Open the form, fill it in, press "Continue"."""
        return self.posts(self.opens().hidden_fields() | form_data(**changes))

    def presses(self, name: str, value: str = "") -> Page:
        """Press a button of "Check your answers": without a value, the first with this name."""
        values = [value, *(button["value"] for button in self.page.all("button", name=name)), "yes"]
        return self.posts(self.page.hidden_fields() | {name: next(filter(None, values))})

    def sends(self, **changes: Any) -> str:
        """Fill in and send the form; return the address of the private page."""
        self.answers(**changes)
        self.presses("send")
        assert self.response.status_code == 303, self.page.by_class("error-summary")
        return self.response["Location"]


@pytest.fixture
def patient(client: Client, notice: PrivacyNotice) -> Patient:
    return Patient(client)
