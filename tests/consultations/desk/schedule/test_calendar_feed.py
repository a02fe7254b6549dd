"""Calendar feeds of practitioners: references only, revocable, and no hint about wrong addresses."""

import re
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.roles import MANAGER
from consultations.appointments import feed_addresses as addresses
from consultations.appointments import feed_views
from consultations.models import Appointment, CalendarFeed
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import a_coordinator, an_agreed_time, at, given
from tests.consultations.form_pages import Page
from tests.factories import a_request, a_reviewer, staff

pytestmark = pytest.mark.django_db


def address(token: str) -> str:
    return reverse("consultations:calendar", args=[token])


def events(content: bytes) -> list[dict[str, str]]:
    """Return the properties of each event, unfolded."""
    text = content.decode().replace("\r\n ", "")
    found = re.findall("BEGIN:VEVENT\r\n(.*?)\r\nEND:VEVENT", text, re.DOTALL)
    return [dict(line.split(":", 1) for line in event.split("\r\n")) for event in found]


def test_feed_contains_references_only(client: Client) -> None:
    practitioner = a_reviewer()
    agreed = an_agreed_time(at(10), patient_name="Zubaida Noor", message="A tumour.", city="Kasur")
    offered = given(a_request(), practitioner, at(12))
    given(a_request(), a_reviewer(name="Dr. Other"), at(10))
    response = client.get(address(addresses.create(practitioner, actor=a_coordinator())))
    assert (response.status_code, response["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    first, second = events(response.content)
    assert (first["SUMMARY"], first["STATUS"]) == (agreed.request.reference, "CONFIRMED")
    assert (second["SUMMARY"], second["STATUS"]) == (f"{offered.request.reference} (offered)", "TENTATIVE")
    assert first["DTSTART"] == f"{agreed.starts_at:%Y%m%dT%H%M%SZ}"
    text = response.content.decode()
    assert "METHOD:PUBLISH" in text
    assert not re.search("Zubaida|Noor|tumour|Kasur|2345678|@example|ATTENDEE|Ayesha Khan.*VEVENT", text)


def test_feed_is_not_cached_or_indexed(client: Client) -> None:
    right = address(addresses.create(a_reviewer(), actor=a_coordinator()))
    for response in (client.get(right), client.get(address("wrong"))):
        assert response["Cache-Control"] == "private, no-store"
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert response["Referrer-Policy"] == "no-referrer"
        assert not response.cookies


def test_feed_covers_30_days_back_and_180_ahead() -> None:
    practitioner = a_reviewer()
    for days in (-31, -29, 179, 181):
        appointment = an_agreed_time(at(10))
        moved = timezone.now() + timedelta(days=days)
        Appointment.objects.filter(pk=appointment.pk).update(
            starts_at=moved, ends_at=moved + timedelta(minutes=30)
        )
        appointment.taken.all().delete()
    assert len(feed_views.entries(practitioner, timezone.now())) == 2


def test_feed_drops_canceled_and_replaces_moved_appointments(client: Client) -> None:
    practitioner, request = a_reviewer(), a_request()
    feed = address(addresses.create(practitioner, actor=a_coordinator()))
    given(request, practitioner, at(10))
    (before,) = events(client.get(feed).content)
    given(request, practitioner, at(12))
    (after,) = events(client.get(feed).content)
    assert before["UID"] != after["UID"]


def test_wrong_and_revoked_tokens_look_the_same(client: Client) -> None:
    token = addresses.create(a_reviewer(), actor=a_coordinator())
    assert addresses.revoke(CalendarFeed.objects.get().pk, actor=a_coordinator())
    for method in ("get", "head", "post", "put", "delete", "options"):
        revoked, wrong = (getattr(client, method)(address(text)) for text in (token, "A" * 32))
        assert (revoked.status_code, revoked.content, revoked.headers) == (404, wrong.content, wrong.headers)
    right = address(addresses.create(a_reviewer(), actor=a_coordinator()))
    assert (client.get(right).status_code, client.post(right).status_code) == (200, 404)


def test_feed_of_inactive_practitioner_looks_revoked(client: Client) -> None:
    practitioner = a_reviewer()
    right = address(addresses.create(practitioner, actor=a_coordinator()))
    Practitioner.objects.update(is_active=False)
    gone, wrong = client.get(right), client.get(address("A" * 32))
    assert (gone.status_code, gone.content, gone.headers) == (404, wrong.content, wrong.headers)
    manager = staff(MANAGER)
    client.force_login(manager)
    client.post(reverse("desk:calendars"), {"practitioner": practitioner.pk})
    assert CalendarFeed.objects.count() == 1
    assert "Dr. Ayesha Khan no longer works here" in client.get(reverse("desk:calendars")).content.decode()
    Practitioner.objects.update(is_active=True)
    assert client.get(right).status_code == 200


def test_only_wrong_tokens_are_rate_limited(client: Client) -> None:
    right = address(addresses.create(a_reviewer(), actor=a_coordinator()))
    codes = [client.get(address(f"wrong-{number}")).status_code for number in range(31)]
    assert codes == [404] * 30 + [429]
    assert client.get(right).status_code == 200
    assert client.get(address("wrong"), REMOTE_ADDR="192.0.2.7").status_code == 404


def test_token_is_not_stored_or_logged(client: Client, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    token = addresses.create(a_reviewer(), actor=a_coordinator())
    client.get(address(token))
    addresses.revoke(CalendarFeed.objects.get().pk, actor=a_coordinator())
    client.get(address(token))
    assert CalendarFeed.objects.get().token_hash != token
    ours = [record for record in caplog.records if record.name != "django.db.backends"]
    lines = [f"{record.getMessage()} {vars(record)}" for record in ours if record.name != "django.request"]
    assert lines and not [line for line in lines if token in line]


def test_manager_creates_and_revokes_address(client: Client) -> None:
    practitioner = a_reviewer()
    client.force_login(staff(MANAGER))
    page = Page(client.post(reverse("desk:calendars"), {"practitioner": practitioner.pk}))
    shown = page.one("input", id="address")["value"]
    path = shown[shown.index("/calendar/") :]
    assert client.get(path).status_code == 200
    again = client.get(reverse("desk:calendars"))
    assert path not in again.content.decode() and "Revoke" in again.content.decode()
    assert again["Cache-Control"].startswith("max-age=0, no-cache, no-store")
    feed = CalendarFeed.objects.get()
    for _press in range(2):
        response = client.post(reverse("desk:calendar_revoke"), {"feed": feed.pk})
        assert (response.status_code, response["Location"]) == (303, reverse("desk:calendars"))
    assert client.get(path).status_code == 404
    feed.refresh_from_db()
    assert (feed.made_by, feed.revoked_by) == (feed.made_by, feed.made_by)
    assert feed.revoked_at is not None


def test_invalid_ids_create_and_revoke_nothing(client: Client) -> None:
    client.force_login(staff(MANAGER))
    for invalid in ("", "x", "0", "-1", "9" * 400, "\x00", "999999"):
        assert client.post(reverse("desk:calendars"), {"practitioner": invalid}).status_code == 303
        assert client.post(reverse("desk:calendar_revoke"), {"feed": invalid}).status_code == 303
    assert not CalendarFeed.objects.exists()


def test_feed_needs_no_session(client: Client) -> None:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False):
        right = address(addresses.create(a_reviewer(), actor=a_coordinator()))
        assert client.get(right, HTTP_USER_AGENT="Google-Calendar-Importer").status_code == 200
