"""Calendar feeds of practitioners: references only, revocable, and no hint about wrong addresses."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from consultations.appointments import feeds
from consultations.models import Appointment, CalendarFeed
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given
from tests.factories import a_coordinator, a_request, a_reviewer
from tests.pages import read

pytestmark = pytest.mark.django_db


def address(token: str) -> str:
    return reverse("calendar_feed", args=[token])


@pytest.fixture
def feed(practitioner: Practitioner) -> str:
    return address(feeds.create(practitioner, actor=a_coordinator()))


def events(client: Client, feed: str) -> list[dict[str, str]]:
    """Return the properties of each event, unfolded."""
    text = client.get(feed).content.decode().replace("\r\n ", "")
    found = re.findall("BEGIN:VEVENT\r\n(.*?)\r\nEND:VEVENT", text, re.DOTALL)
    return [dict(line.split(":", 1) for line in event.split("\r\n")) for event in found]


def test_feed_contains_references_of_appointments_only(
    client: Client, feed: str, practitioner: Practitioner
) -> None:
    agreed = an_agreed_time(at(10), patient_name="Zubaida Noor", message="A tumour.", city="Kasur")
    offered = given(a_request(), practitioner, at(12))
    given(a_request(), a_reviewer(name="Dr. Other"), at(10))
    given(moved := a_request(), practitioner, at(13))
    before = events(client, feed)[2]
    given(moved, practitioner, at(14))  # the time before is canceled
    response = client.get(feed, HTTP_USER_AGENT="Google-Calendar-Importer")
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    first, second, third = events(client, feed)
    assert third["UID"] != before["UID"]
    assert (first["SUMMARY"], first["STATUS"]) == (agreed.request.reference, "CONFIRMED")
    assert (second["SUMMARY"], second["STATUS"]) == (f"{offered.request.reference} (offered)", "TENTATIVE")
    assert first["DTSTART"] == f"{agreed.starts_at:%Y%m%dT%H%M%SZ}"
    text = response.content.decode()
    assert "METHOD:PUBLISH" in text
    assert not re.search("Zubaida|Noor|tumour|Kasur|2345678|@example|ATTENDEE|Ayesha Khan.*VEVENT", text)


def test_feed_covers_30_days_back_and_180_ahead(practitioner: Practitioner) -> None:
    for days in (-31, -29, 179, 181):
        appointment = an_agreed_time(at(10))
        moved = timezone.now() + timedelta(days=days)
        Appointment.objects.filter(pk=appointment.pk).update(
            starts_at=moved, ends_at=moved + timedelta(minutes=30)
        )
        appointment.taken.all().delete()
    assert len(feeds.entries(practitioner, timezone.now())) == 2


def test_wrong_and_revoked_tokens_look_the_same(client: Client, feed: str) -> None:
    assert (client.get(feed).status_code, client.post(feed).status_code) == (200, 404)
    for response in (client.get(feed), client.get(address("wrong"))):
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "no-referrer"
        assert not response.cookies
    CalendarFeed.objects.update(revoked_at=timezone.now())
    for method in ("get", "head", "post", "put", "delete", "options"):
        revoked, wrong = (getattr(client, method)(there) for there in (feed, address("A" * 32)))
        assert (revoked.status_code, revoked.content, revoked.headers) == (404, wrong.content, wrong.headers)


def test_feed_of_inactive_practitioner_looks_revoked(manager: Client, feed: str) -> None:
    Practitioner.objects.update(is_active=False)
    gone, wrong = manager.get(feed), manager.get(address("A" * 32))
    assert (gone.status_code, gone.content, gone.headers) == (404, wrong.content, wrong.headers)
    manager.post(reverse("desk:calendars"), {"practitioner": Practitioner.objects.get().pk})
    assert CalendarFeed.objects.count() == 1
    assert "Dr. Ayesha Khan no longer works here" in manager.get(reverse("desk:calendars")).content.decode()
    Practitioner.objects.update(is_active=True)
    assert manager.get(feed).status_code == 200


def test_only_wrong_tokens_are_rate_limited(client: Client, feed: str) -> None:
    codes = [client.get(address(f"wrong-{number}")).status_code for number in range(31)]
    assert codes == [404] * 30 + [429]
    assert client.get(feed).status_code == 200
    assert client.get(address("wrong"), REMOTE_ADDR="192.0.2.7").status_code == 404


def test_manager_creates_and_revokes_address_whose_token_is_not_stored_or_logged(
    manager: Client, practitioner: Practitioner, caplog: Any
) -> None:
    caplog.set_level("DEBUG")
    page = read(manager.post(reverse("desk:calendars"), {"practitioner": practitioner.pk}))
    shown = page.one("input", id="address")["value"]
    path = shown[shown.index("/calendar/") :]
    assert manager.get(path).status_code == 200
    again = manager.get(reverse("desk:calendars"))
    assert path not in again.content.decode() and "Revoke" in again.content.decode()
    assert again["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    feed = CalendarFeed.objects.get()
    for says in ("The address is revoked and no longer works.", "This address was already revoked."):
        response = manager.post(reverse("desk:calendar_revoke"), {"feed": feed.pk})
        assert (response.status_code, response["Location"]) == (303, reverse("desk:calendars"))
        assert says in manager.get(response["Location"]).content.decode()
    assert manager.get(path).status_code == 404
    feed.refresh_from_db()
    assert feed.made_by == feed.revoked_by and feed.revoked_at is not None
    token = path.removeprefix("/calendar/").removesuffix(".ics")
    assert feed.token_hash != token
    ours = [
        record for record in caplog.records if record.name not in ("django.db.backends", "django.request")
    ]
    lines = [f"{record.getMessage()} {vars(record)}" for record in ours]
    assert lines and not [line for line in lines if token in line]


def test_invalid_ids_create_and_revoke_nothing(manager: Client) -> None:
    for invalid in ("", "x", "0", "-1", "9" * 400, "\x00", "999999"):
        for name, field in (("calendars", "practitioner"), ("calendar_revoke", "feed")):
            assert manager.post(reverse(f"desk:{name}"), {field: invalid}).status_code == 303, invalid
    assert not CalendarFeed.objects.exists()
