"""Signing a page in the admin, as the tests of it do."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from procedures.models import Procedure, Publication
from tests.admin_forms import address, form_of
from tests.pages import read

NOW = datetime(2026, 6, 1, 7, tzinfo=UTC)  # noon in Lahore
PATH = "/procedures/lymph-vessel-repair/"


def boxes(client: Client, procedure: Procedure) -> list[str]:
    page = read(client.get(address(procedure, "publish")))
    return [box["name"] for box in page.all("input", type="checkbox") if box["name"].startswith("read_")]


def signed(client: Client, procedure: Procedure, fields: dict[str, str]) -> Any:
    """The answer to a sign-off in which every change is ticked, and these fields are filled in."""
    url = address(procedure, "publish")
    ticked = dict.fromkeys(boxes(client, procedure), "on")
    return client.post(url, form_of(client, url) | ticked | {"change_note": "Written anew."} | fields)


def numbers() -> list[int]:
    return list(Publication.objects.order_by("number").values_list("number", flat=True))
