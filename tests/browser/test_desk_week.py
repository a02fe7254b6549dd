"""Times, the week, reminders and calendar addresses in a real browser: on a phone, at a desk, on paper."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.clinic.models import OpeningHours
from consultations.models import Appointment
from procedures.models import Practitioner
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given, open_every_day
from tests.factories import a_request, staff

Visit = Callable[..., Any]


@pytest.fixture(autouse=True)
def opening_hours(site: str) -> None:
    OpeningHours.objects.all().delete()
    open_every_day()


@pytest.mark.parametrize("scripts", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_offer_appears_in_week(visit: Visit, scripts: bool) -> None:
    practitioner = Practitioner.objects.all()[0]
    request = a_request(days=[at(10).weekday()], parts_of_day=["morning"])
    given(a_request(), practitioner, at(10))
    visitor = visit(staff(roles.MANAGER), java_script_enabled=scripts)
    page = visitor.opens(f"{reverse('desk:offer_time', args=[request.pk])}?practitioner={practitioner.pk}")
    expect(page.get_by_text("10 am – 10:30 am taken")).to_be_visible()
    visitor.assert_accessible_everywhere()
    # Nothing chosen: the page says so and keeps the rest.
    page.get_by_label("Agreed on the phone").check()
    visitor.presses("Save")
    expect(page.get_by_role("alert")).to_contain_text("Choose one of the times")
    expect(page.get_by_label("Agreed on the phone")).to_be_checked()
    visitor.assert_accessible_everywhere()
    page.locator("input[name=starts]").first.check()
    visitor.presses("Save")
    appointment = Appointment.objects.get(request=request)
    assert appointment.state == Appointment.State.AGREED

    page = visitor.opens(reverse("desk:week") + f"?day={appointment.starts_at:%Y-%m-%d}")
    expect(page.get_by_role("link", name=request.reference)).to_be_visible()
    visitor.assert_accessible_everywhere()


def test_full_week_prints_on_one_page(visit: Visit) -> None:
    practitioners = list(Practitioner.objects.all()[:2])
    monday = 7 - at(10, days=0).weekday()
    # As many half hours as the longest day has, which leaves room for the wider letters of other machines.
    for day in range(6):
        for number in range(14):
            given(
                a_request(),
                practitioners[number % 2],
                at(9, days=monday + day) + timedelta(minutes=30 * number),
                minutes=30,
                agreed=bool(number % 3),
            )
    visitor = visit(staff(roles.MANAGER))
    page = visitor.opens(f"{reverse('desk:week')}?day={at(10, days=monday):%Y-%m-%d}")
    paper = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) == 1
    assert visitor.violations() == []


def test_reminders_and_calendar_addresses(visit: Visit) -> None:
    appointment = an_agreed_time(at(10, days=1), contact_method="sms")
    an_agreed_time(at(11, days=1), contact_method="whatsapp", may_identify_clinic="yes")
    visitor = visit(staff(roles.MANAGER))
    page = visitor.opens(reverse("desk:reminders"))
    expect(page.get_by_text("Do not say who is calling")).to_be_visible()
    visitor.assert_accessible_everywhere()
    with page.expect_navigation():
        page.get_by_role("button", name=re.compile("^Sent")).first.click()
    appointment.refresh_from_db()
    assert appointment.reminded_at is not None
    expect(page.get_by_role("heading", name="Reminded today")).to_be_visible()
    visitor.assert_accessible_everywhere()

    page = visitor.opens(reverse("desk:calendars"))
    with page.expect_navigation():
        page.get_by_role("button", name="Make an address").first.click()
    expect(page.get_by_label("Copy it now")).to_have_value(re.compile(r"/calendar/[\w-]{32}\.ics$"))
    visitor.assert_accessible_everywhere()
    visitor.presses("Revoke")
    expect(page.get_by_text("The address is revoked")).to_be_visible()
