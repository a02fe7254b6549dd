"""Helpers of tests that sign a page in the admin."""

from datetime import UTC, datetime
from typing import Any

from django.test import Client

from procedures.models import Page, Practitioner, Procedure, Publication
from procedures.publishing import drafts, publishing
from procedures.publishing.publishing import ChangedSinceSeenError
from tests.admin_forms import address, form_in
from tests.factories import a_reviewer, published
from tests.pages import read

NOW = datetime(2026, 6, 1, 7, tzinfo=UTC)  # noon in Lahore
PATH = "/procedures/lymph-vessel-repair/"


def boxes(client: Client, procedure: Procedure) -> list[str]:
    """The names of the boxes that confirm what was read."""
    page = read(client.get(address(procedure, "publish")))
    return [box["name"] for box in page.all("input", type="checkbox") if box["name"].startswith("read_")]


def ready_to_send(client: Client, procedure: Procedure) -> dict[str, str]:
    """Return the filled-in sign-off: every change ticked, and a reviewer named."""
    page = read(client.get(address(procedure, "publish")))
    ticks = {box["name"]: "on" for box in page.all("input", type="checkbox") if "read_" in box["name"]}
    reviewer = Practitioner.objects.filter(is_active=True).first() or a_reviewer()
    return form_in(page) | ticks | {"reviewer": str(reviewer.pk), "change_note": "Rewritten."}


def published_correction(page: Page, live_from: datetime | None = None) -> Publication:
    """Publish the draft as it is now, as a correction of typing."""
    return publishing.publish(
        page,
        language="en",
        sign_off=None,
        change_note="…",
        by=None,
        seen=publishing.fingerprint(page, drafts.read_draft(Page.objects.get(pk=page.pk), "en")),
        live_from=live_from,
    )


def published_in_turn(page: Page, **signing: Any) -> Publication:
    """Publish, and look again each time another publisher was faster."""
    while True:
        try:
            return published(page, **signing)
        except ChangedSinceSeenError:
            continue


def history_rows(client: Client, page: Page) -> list[str]:
    return [row.text for row in read(client.get(address(page, "history_of"))).one("tbody").all("tr")]


def numbers() -> list[int]:
    return list(Publication.objects.order_by("number").values_list("number", flat=True))
