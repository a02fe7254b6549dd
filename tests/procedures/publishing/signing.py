"""Helpers of tests that sign a page in the admin."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.test import Client

from procedures.models import Page as ContentPage
from procedures.models import Procedure, Publication
from procedures.publishing.services import ChangedSinceSeenError
from tests.admin_forms import address, form_in
from tests.factories import published
from tests.pages import Page, read

NOW = datetime(2026, 6, 1, 7, tzinfo=UTC)  # noon in Lahore
PATH = "/procedures/lymph-vessel-repair/"


def boxes(client: Client, procedure: Procedure) -> list[str]:
    return boxes_on(read(client.get(address(procedure, "publish"))))


def boxes_on(page: Page) -> list[str]:
    return [box["name"] for box in page.all("input", type="checkbox") if box["name"].startswith("read_")]


def signed(client: Client, procedure: Procedure, fields: dict[str, str]) -> Any:
    """Return the response to a sign-off with every change ticked and these fields."""
    url = address(procedure, "publish")
    page = read(client.get(url))
    ticked = dict.fromkeys(boxes_on(page), "on")
    return client.post(url, form_in(page) | ticked | {"change_note": "Rewritten."} | fields)


def published_in_turn(page: ContentPage, **signing: Any) -> Publication:
    """Publish, and look again each time another publisher was faster."""
    while True:
        try:
            return published(page, **signing)
        except ChangedSinceSeenError:
            continue


def numbers() -> list[int]:
    return list(Publication.objects.order_by("number").values_list("number", flat=True))


@contextmanager
def rolled_back() -> Iterator[None]:
    """Undo everything in the database, so that one test can try several changes."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
