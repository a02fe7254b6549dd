"""A new coordinator's first request, from the first sign-in to its end."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import expect

from clinic_site.accounts import roles
from clinic_site.clinic import business_hours
from consultations import tokens
from consultations.models import Appointment, Disclosure
from consultations.workflow import Status
from tests.accounts.account_helpers import code_at, staff_with_password
from tests.browser.conftest import DESKTOP, PHONE
from tests.factories import a_request

Visit = Callable[..., Any]


def test_new_coordinator_takes_a_request_from_the_queue_to_its_end(visit: Visit, settings: Any) -> None:
    settings.STAFF_TWO_STEP = True
    key, long_ago = tokens.SubmissionKey.new(), timezone.now() - timedelta(days=2)
    oldest = a_request(key=key, patient_name="Zainab Bibi", created_at=long_ago)
    a_request(patient_name="Omar Farooq")
    desk = visit(viewport=DESKTOP)
    page = desk.opens("/staff/")
    desk.signs_in(staff_with_password(roles.COORDINATOR))
    expect(page.get_by_role("heading", level=1)).to_have_text("Set up two-step sign-in")
    page.fill("#id_code", code_at(page.locator("#secret").inner_text().replace(" ", "")))
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.get_by_role("link", name="I have saved them").click()

    # Today says who is overdue; one press leads there.
    page.get_by_role("link", name="Call Zainab Bibi").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(oldest.reference)
    desk.presses("No answer")
    page.get_by_label("Another time").fill(f"{timezone.localtime() + timedelta(days=1):%Y-%m-%dT%H:%M}")
    desk.presses("Call back at this time")
    desk.presses("Spoke")
    page.get_by_role("link", name="Offer a time").click()
    # The start of the next day on which the clinic is open.
    tomorrow = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    opening = business_hours.load().next_opening(tomorrow)
    assert opening
    at = timezone.localtime(opening)
    page.get_by_label("The time that I type here").check()
    page.get_by_label("Day", exact=True).fill(f"{at:%Y-%m-%d}")
    page.get_by_label("Time", exact=True).fill(f"{at:%H:%M}")
    desk.presses("Save")
    oldest.refresh_from_db()
    assert oldest.status == Status.PROPOSED

    # The patient accepts on the private page, on a small phone.
    patient = visit(viewport=PHONE, java_script_enabled=False)
    private = patient.opens(reverse("consultations:private", args=[key.token]))
    patient.presses(re.compile(r"\d (am|pm)|noon"))
    expect(private.locator("#done")).to_have_text("Your appointment is confirmed.")

    # It stands in the week, and the patient on the list of those to be reminded.
    page.goto(f"{desk.site}{reverse('desk:week')}?day={at:%Y-%m-%d}")
    expect(page.get_by_role("link", name=oldest.reference)).to_be_visible()
    page.goto(desk.site + reverse("desk:reminders"))
    reminder = page.locator(".reminder", has_text=oldest.reference)
    if reminder.count():  # on the last open day before the appointment
        with page.expect_navigation():
            reminder.get_by_role("button", name="Done").click()
        expect(page.get_by_text("Reminded today")).to_be_visible()

    # The day has come, and the patient.
    begun = timezone.now() - timedelta(minutes=30)
    Appointment.objects.update(starts_at=begun, ends_at=begun + timedelta(minutes=30))
    page.goto(desk.site + reverse("desk:request", args=[oldest.pk]))
    desk.presses("The consultation took place")
    oldest.refresh_from_db()
    assert oldest.status == Status.COMPLETED
    told = page.locator(".timeline").inner_text()
    story = (
        "Sent by the patient",
        "No answer",
        "Call back",
        "Spoke",
        "Time offered",
        "Time agreed",
        "Completed",
    )
    places = [told.find(words) for words in story]
    assert -1 not in places and places == sorted(places), told
    assert Disclosure.objects.filter(request=oldest, kind=Disclosure.Kind.OPENED).exists()
    desk.assert_accessible()
