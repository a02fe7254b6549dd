"""The pages of a past day are on the staff site: two-step sign-in and the idle limit hold."""

from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from tests.factories import a_procedure, an_overview, published, signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db


@pytest.fixture
def past_pages() -> list[str]:
    for page in (an_overview(), a_procedure()):
        published(page)
    today = timezone.localdate()
    return [f"/staff/past-pages/?on={today}", f"/staff/past-pages/lymph-vessel-repair/?on={today}"]


def test_past_page_requires_two_step_sign_in(past_pages: list[str], settings: Any) -> None:
    editor = signed_in("Editor")
    for address in past_pages:
        assert editor.get(address).status_code == 200
    settings.STAFF_TWO_STEP = True
    for address in past_pages:
        assert editor.get(address)["Location"] == "/staff/two-step/set-up/"


def test_past_page_ends_an_idle_session(past_pages: list[str]) -> None:
    with time_machine.travel(timezone.now(), tick=False) as clock:
        editor = signed_in("Editor")
        assert editor.get(past_pages[0]).status_code == 200
        clock.shift(15 * 60 + 1)
        assert editor.get(past_pages[0])["Location"].startswith("/staff/login/?next=/staff/past-pages/")


def test_public_address_ignores_the_day(past_pages: list[str], client: Client) -> None:
    """The day was once read from the public address, past the checks of the staff site."""
    for address in ("/", "/procedures/lymph-vessel-repair/"):
        for reader in (client, signed_in("Editor", email=f"editor-{len(address)}@clinic.example")):
            response = reader.get(address, {"on": "2020-01-01"})
            assert response.status_code == 200
            assert "as patients saw it" not in read(response).text
