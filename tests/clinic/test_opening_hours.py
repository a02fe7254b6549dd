"""Opening hours, closures and clinic details, as staff enter and patients read them."""

import json
from datetime import UTC, date, datetime, time

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours, dialable
from clinic_site.clinic.opening_week import week
from clinic_site.core.templatetags.formatting import clock, day
from tests.admin_forms import errors_in
from tests.factories import signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db


def session(weekday: int = 0, opens: str = "10:00", closes: str = "14:00") -> OpeningHours:
    return OpeningHours(weekday=weekday, opens=time.fromisoformat(opens), closes=time.fromisoformat(closes))


def test_impossible_session_is_refused_with_a_reason() -> None:
    session().save()
    session(6, "22:00", "02:00").save()
    manager = signed_in("Manager")
    overlap = "This overlaps with another session."
    length = "Enter a closing time at most 16 hours after opening."
    for opens, closes, sentence in (
        ("12:00", "16:00", overlap),
        ("09:00", "11:00", overlap),
        ("11:00", "12:00", overlap),
        ("09:00", "15:00", overlap),
        ("01:00", "03:00", overlap),
        ("18:00", "17:00", length),
        ("18:00", "18:00", "Closing time must be after opening time."),
        ("18:07", "20:00", "Enter a full five minutes, like 9:05."),
        ("18:00:30", "20:00", "Enter a full five minutes, like 9:05."),
    ):
        with pytest.raises(ValidationError) as refused:
            session(0, opens, closes).full_clean()
        assert sentence in refused.value.messages, (opens, closes)
        data = {"weekday": "0", "opens": opens, "closes": closes}
        assert sentence in errors_in(manager.post(reverse("admin:clinic_openinghours_add"), data))


def test_sessions_may_touch_and_pass_midnight() -> None:
    own = session()
    own.save()
    own.full_clean()
    for weekday, opens, closes in (
        (0, "14:00", "15:00"),
        (0, "08:05", "10:00"),
        (1, "10:00", "23:59"),
        (0, "20:00", "00:00"),
        (0, "21:00", "01:00"),
        (6, "20:00", "10:00"),
    ):
        session(weekday, opens, closes).full_clean()


def test_session_past_midnight_on_the_clinic_page(client: Client) -> None:
    ClinicProfile.objects.create(name="A Clinic")
    session(0, "20:00", "00:00").save()
    session(1, "21:00", "01:00").save()
    page = read(client.get("/clinic/"))
    rows = [row.one("td").text for row in page.main.one("tbody").all("tr")]
    assert rows == ["8 pm–midnight", "9 pm–1 am the next day", *["Closed"] * 5]
    (data,) = json.loads(page.one("script", type="application/ld+json").text)["@graph"][:1]
    hours = [(node["opens"], node["closes"]) for node in data["openingHoursSpecification"]]
    assert hours == [("20:00", "23:59"), ("21:00", "01:00")]


def test_database_constraints() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        session(0, "18:00", "18:00").save()
    session().save()
    with pytest.raises(IntegrityError), transaction.atomic():
        session(0, "10:00", "11:00").save()
    with pytest.raises(IntegrityError), transaction.atomic():
        Closure.objects.create(name="Eid", starts_on=date(2026, 5, 28), ends_on=date(2026, 5, 27))


def test_week_has_seven_days_with_ordered_sessions() -> None:
    for each in (session(4, "17:00", "20:00"), session(4, "10:00", "12:30"), session(0)):
        each.save()
    days = week(OpeningHours.objects.all(), date(2026, 6, 5))  # a Friday
    assert [day.name for day in days][0::6] == ["Monday", "Sunday"]
    assert days[4].sessions == ((time(10), time(12, 30)), (time(17), time(20)))
    assert [day.is_today for day in days] == [False] * 4 + [True] + [False] * 2
    assert days[6].sessions == ()


def test_today_is_the_local_date(client: Client) -> None:
    """Thursday, 8 in the evening in UTC: in Lahore it is Friday."""
    session(4, "15:30", "20:00").save()
    with time_machine.travel(datetime(2026, 6, 4, 20, tzinfo=UTC)):
        (today,) = read(client.get("/clinic/")).main.all("tr", class_="today")
    assert today.one("th").text == "Friday Today"
    assert today.one("td").text == "3:30 pm–8 pm"


def test_closures_are_shown_until_their_last_day(client: Client) -> None:
    Closure.objects.create(
        name="Eid ul-Fitr", starts_on=date(2026, 3, 20), ends_on=date(2026, 3, 22), certainty="expected"
    )
    Closure.objects.create(name="Renovation", starts_on=date(2026, 4, 1), ends_on=date(2026, 4, 1))

    def shown(on: date) -> str:
        with time_machine.travel(datetime(on.year, on.month, on.day, 12, tzinfo=UTC)):
            return read(client.get("/clinic/")).main.text

    before = shown(date(2026, 3, 1))
    assert "Eid ul-Fitr 20 March 2026 to 22 March 2026 expected" in before
    assert "Renovation 1 April 2026" in before
    assert "Eid ul-Fitr" in shown(date(2026, 3, 22))
    assert "Eid ul-Fitr" not in shown(date(2026, 3, 23))


def test_time_and_date_format() -> None:
    for at, text in (
        (time(17, 30), "5:30 pm"),
        (time(17), "5 pm"),
        (time(0), "12 am"),
        (time(12), "noon"),
        (time(9, 5), "9:05 am"),
    ):
        assert clock(at) == text
    assert day(date(2026, 8, 6)) == "6 August 2026"
    assert day(None) == ""


def test_dialable_phone_number() -> None:
    for written, dialed in (
        ("042 3576 1999", "+924235761999"),
        ("0300-1234567", "+923001234567"),
        ("(042) 111 222 333", "+9242111222333"),
        ("+92 42 3576 1999", "+924235761999"),
        ("0092 42 3576 1999", "+924235761999"),
        ("1122", "1122"),
        ("۰۴۲ ۳۵۷۶ ۱۹۹۹", "+924235761999"),
        ("", ""),
    ):
        assert dialable(written) == dialed


def test_there_is_one_clinic(db: None) -> None:
    ClinicProfile.objects.create(name="One")
    ClinicProfile(name="Two").save()
    assert [profile.name for profile in ClinicProfile.objects.all()] == ["Two"]
    assert ClinicProfile.current() == ClinicProfile.objects.get()


def test_real_clinic_has_no_banner_and_license_in_footer(client: Client) -> None:
    ClinicProfile.objects.create(name="A Clinic", license_number="R-12345", phone="042 3576 1999")
    page = read(client.get("/accessibility/"))
    assert "sample" not in page.one("header", class_="top").text.lower()
    assert "R-12345" in page.one("footer").text
    assert page.one("footer").all("a", href="tel:+924235761999")
    assert page.title == "Accessibility | A Clinic"


def test_closure_outside_2000_to_2099_is_refused() -> None:
    client = signed_in("Manager")
    for first, last, field in (
        ("2026-11-23", "9999-12-31", "ends_on"),
        ("0001-01-01", "2026-11-23", "starts_on"),
    ):
        data = {"name": "Eid", "starts_on": first, "ends_on": last, "certainty": "confirmed"}
        response = client.post(reverse("admin:clinic_closure_add"), data)
        assert "Enter a day from the years 2000 to 2099." in errors_in(response)
        assert not Closure.objects.exists()
        errors = read(response).one("div", class_=f"form-row errors field-{field}")
        assert errors.all("ul", class_="errorlist"), field
