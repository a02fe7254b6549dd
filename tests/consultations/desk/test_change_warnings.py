"""Warnings after a change that affects existing appointments or assigned requests."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import EDITOR, MANAGER
from clinic_site.clinic.models import Closure
from consultations.desk import change_warnings
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.admin_forms import address, form_of
from tests.consultations.desk.queue.queue_pages import queue_page, references, set_to, with_class
from tests.consultations.desk.schedule.calendar_helpers import an_agreed_time, at, given
from tests.factories import a_request, a_reviewer, signed_in, staff
from tests.pages import Element, read

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def a_monday() -> Iterator[Any]:
    with time_machine.travel("2026-11-23T06:00:00Z", tick=False) as clock:
        yield clock


@pytest.fixture
def manager(a_monday: Any, db: None) -> Client:
    return signed_in(MANAGER)


def warnings(response: Any) -> list[Element]:
    return [line for line in read(response).all("li") if line.get("class") == "warning"]


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
        f"{agreed.reference} on Friday 27 November, 5:30 pm. Call the patients."
    )
    warning = change_warnings.appointments_during_closure(Closure.objects.get(), staff(EDITOR))
    assert offered.reference in warning and "<a" not in warning  # a link would be forbidden


def test_closure_without_future_appointments_warns_of_nothing(manager: Client, a_monday: Any) -> None:
    an_agreed_time(at(12, days=0))
    an_agreed_time(at(10, days=5))
    a_monday.shift(timedelta(hours=5))
    manager.force_login(User.objects.get(email="manager@clinic.example"))
    assert closes(manager, 0, 4) == []


def test_closure_names_a_limited_number(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(change_warnings, "MAX_LISTED", 2)
    for hour in (9, 10, 11):
        an_agreed_time(at(hour))
    (warning,) = closes(manager, 3, 3)
    assert warning.count(" on Thursday") == 2
    assert warning.endswith("; and more. Call the patients.")


# Staff who cannot work on their requests any more


def assigned(user: User, status: Status = Status.NEW) -> ConsultationRequest:
    return set_to(a_request(status=status), assignee=user)


def save(client: Client, user: User, *unticked: str, **changes: Any) -> list[Element]:
    """Open the account, change it and save it; return the warnings of the next page."""
    sent = form_of(client, address(user)) | changes
    sent = {name: sent[name] for name in sent if name not in unticked}
    return warnings(client.post(address(user), sent, follow=True))


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
    filters = with_class(page, "queue__filters")[0]
    names = [option.text for option in filters.one("select", name="assignee").all("option")]
    assert names == ["All", "Me", "Nobody", "manager@clinic.example", "Sana Malik (no longer at the desk)"]
    # No new request can be assigned to them.
    given_to = [option.text for select in page.all("select", name="to") for option in select.all("option")]
    assert given_to and not [name for name in given_to if "Sana" in name]
    ConsultationRequest.objects.update(assignee=None)
    assert len(references(queue_page(manager, assignee=colleague.pk))) == len([kept, others])
