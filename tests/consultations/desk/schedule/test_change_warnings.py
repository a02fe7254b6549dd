"""Warnings after a change that affects existing appointments or assigned requests."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import CLINICAL_REVIEWER, EDITOR
from clinic_site.clinic.models import Closure, OpeningHours
from consultations.desk import change_warnings
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.admin_forms import address, form_of
from tests.consultations.desk.queue.queue_pages import queue_page, references, set_to
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given, open_every_day
from tests.factories import a_request, a_reviewer, signed_in, staff
from tests.pages import Element, read

pytestmark = pytest.mark.django_db


def warnings(response: Any) -> list[Element]:
    return read(response).all("li", class_="warning")


def save(client: Client, record: Any, *unticked: str, **changes: Any) -> list[Element]:
    """Change a record on its admin page; return the warnings of the next page."""
    sent = form_of(client, address(record)) | changes
    sent = {name: sent[name] for name in sent if name not in unticked}
    return warnings(client.post(address(record), sent, follow=True))


# Closures


def closes(client: Client, first: int, last: int) -> list[str]:
    """Add a closure, in days from today; return the warnings of the next page."""
    today = timezone.localdate()
    data = {
        "name": "Eid",
        "starts_on": today + timedelta(days=first),
        "ends_on": today + timedelta(days=last),
        "certainty": "expected",
    }
    response = client.post(reverse("admin:clinic_closure_add"), data, follow=True)
    assert Closure.objects.exists()
    return [warning.text for warning in warnings(response)]


def test_closure_names_affected_appointments_by_reference_and_time(manager: Client) -> None:
    offered = a_request(patient_name="Zainab Bibi")
    given(offered, a_reviewer(), at(9, days=3))
    agreed = an_agreed_time(at(17, 30, days=4)).request
    an_agreed_time(at(10, days=5))
    (warning,) = closes(manager, 3, 4)
    assert warning == (
        f"Appointments fall on these days: {offered.reference} on Thursday 26 November, 9 am; "
        f"{agreed.reference} on Friday 27 November, 5:30 pm. Call the people who asked."
    )
    warning = change_warnings.appointments_during_closure(Closure.objects.get(), staff(EDITOR))
    assert offered.reference in warning and "<a" not in warning  # a link would be forbidden


def test_closure_without_future_appointments_warns_of_nothing(manager: Client, clock: Any) -> None:
    an_agreed_time(at(12, days=0))
    an_agreed_time(at(10, days=5))
    clock.shift(timedelta(hours=5))
    manager.force_login(User.objects.get(email="manager@clinic.example"))
    assert closes(manager, 0, 4) == []


def test_closure_names_a_limited_number(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_warnings, "MAX_LISTED", 2)
    for hour in (9, 10, 11):
        an_agreed_time(at(hour))
    (warning,) = closes(manager, 3, 3)
    assert warning.count(" on Thursday") == 2
    assert warning.endswith("; and more. Call the people who asked.")


# Practitioners and opening hours


def test_deactivating_practitioner_warns_of_future_appointments(
    manager: Client, practitioner: Practitioner, clock: Any
) -> None:
    open_every_day()
    given(offered := a_request(), practitioner, at(9, days=3))
    agreed = an_agreed_time(at(16, days=4)).request
    given(a_request(), a_reviewer(name="Dr. Other"), at(9, days=3))
    assert save(manager, practitioner, specialty="Hand Surgery") == []
    (warning,) = save(manager, practitioner, "is_active")
    assert warning.text == (
        f"Appointments with Dr. Ayesha Khan, who no longer works here: {offered.reference} on "
        f"Thursday 26 November, 9 am; {agreed.reference} on Friday 27 November, 4 pm. "
        "Call the people who asked."
    )
    links = [link["href"] for link in warning.all("a")]
    assert links == [reverse("desk:request", args=[request.pk]) for request in (offered, agreed)]
    (warning,) = save(signed_in(CLINICAL_REVIEWER), practitioner, "is_active")
    assert offered.reference in warning.text
    assert not warning.all("a")  # may not open requests
    clock.move_to(at(17, days=4))
    manager.force_login(User.objects.get(email="manager@clinic.example"))
    assert save(manager, practitioner, "is_active") == []


def test_changed_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    late, early = (an_agreed_time(at(hour)).request for hour in (16, 9))  # on a Thursday
    an_agreed_time(at(16, days=4))
    an_agreed_time(at(19))  # was outside before
    thursday = OpeningHours.objects.get(weekday=3)
    (warning,) = save(manager, thursday, closes="16:15:00")
    assert warning.text == (
        "Appointments are now outside the opening hours: "
        f"{late.reference} on Thursday 26 November, 4 pm. Call the people who asked."
    )
    assert [link["href"] for link in warning.all("a")] == [reverse("desk:request", args=[late.pk])]
    (warning,) = save(manager, thursday, weekday="5", opens="18:00", closes="20:00")
    assert early.reference in warning.text


def test_deleted_hours_warn_of_appointments_outside(manager: Client) -> None:
    open_every_day()
    agreed = an_agreed_time(at(16)).request
    thursday, friday = OpeningHours.objects.filter(weekday__in=(3, 4))
    assert warnings(manager.post(address(friday, "delete"), {"post": "yes"}, follow=True)) == []
    (warning,) = warnings(manager.post(address(thursday, "delete"), {"post": "yes"}, follow=True))
    assert agreed.reference in warning.text
    OpeningHours.objects.all().delete()
    open_every_day()
    ticked = list(OpeningHours.objects.filter(weekday__in=(3, 4)).values_list("pk", flat=True))
    sent = {"action": "delete_selected", "_selected_action": ticked, "post": "yes"}
    list_of_hours = reverse("admin:clinic_openinghours_changelist")
    (warning,) = warnings(manager.post(list_of_hours, sent, follow=True))
    assert agreed.reference in warning.text


def test_hours_that_still_cover_appointments_do_not_warn(manager: Client, practitioner: Practitioner) -> None:
    OpeningHours.objects.create(weekday=3, opens=time(9), closes=time(12))
    afternoon = OpeningHours.objects.create(weekday=3, opens=time(12), closes=time(17))
    given(a_request(), practitioner, at(11, 45))
    assert save(manager, afternoon, closes="13:00:00") == []
    new = {"weekday": "4", "opens": "09:00", "closes": "17:00"}
    assert warnings(manager.post(reverse("admin:clinic_openinghours_add"), new, follow=True)) == []


# Staff who cannot work on their requests any more


def assigned(user: User, status: Status = Status.NEW) -> ConsultationRequest:
    return set_to(a_request(status=status), assignee=user)


def test_deactivated_account_names_its_open_requests(manager: Client, colleague: User) -> None:
    waiting = [assigned(colleague), assigned(colleague)]
    offered = assigned(colleague, Status.PROPOSED)
    assigned(colleague, Status.COMPLETED)
    assert save(manager, colleague, first_name="Sanaa") == []
    (warning,) = save(manager, colleague, "is_active", first_name="Sana")
    assert warning.text == (
        "3 open requests are still assigned to Sana Malik: New (2); Time offered (1). "
        "Assign them to someone else."
    )
    lists = [references(read(manager.get(link["href"]))) for link in warning.all("a")]
    assert lists == [[request.reference for request in waiting], [offered.reference]]
    colleague.refresh_from_db()
    without_links = change_warnings.requests_of_former_colleague(colleague, staff(EDITOR))
    assert "New (2)" in without_links and "<a" not in without_links
    ConsultationRequest.objects.update(status=Status.COMPLETED)
    assert save(manager, colleague, first_name="Sanaa") == []


def test_account_without_its_role_names_its_open_requests(manager: Client, colleague: User) -> None:
    assigned(colleague)
    other = staff(EDITOR)
    (warning,) = save(manager, colleague, groups=[str(other.groups.get().pk)])
    assert warning.text == (
        "1 open request is still assigned to Sana Malik: New (1). Assign it to someone else."
    )


def test_filter_offers_former_colleagues_with_open_requests(manager: Client, colleague: User) -> None:
    kept, others = assigned(colleague), a_request()
    User.objects.filter(pk=colleague.pk).update(is_active=False)
    page = queue_page(manager, assignee=colleague.pk)
    assert references(page) == [kept.reference]
    filters = page.by_class("queue__filters")[0]
    names = [option.text for option in filters.one("select", name="assignee").all("option")]
    assert names == ["All", "Me", "Nobody", "manager@clinic.example", "Sana Malik (no longer at the desk)"]
    # No new request can be assigned to them.
    given_to = [option.text for select in page.all("select", name="to") for option in select.all("option")]
    assert given_to and not [name for name in given_to if "Sana" in name]
    ConsultationRequest.objects.update(assignee=None)
    assert len(references(queue_page(manager, assignee=colleague.pk))) == len([kept, others])
