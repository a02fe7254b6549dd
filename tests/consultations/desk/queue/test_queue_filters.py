"""The filters of a tab are in the address of the queue."""

from datetime import UTC, datetime

import pytest
from django.test import Client

from clinic_site.accounts.models import User
from tests.admin_forms import sent_by
from tests.consultations.desk.queue.queue_pages import queue_page, references, set_to
from tests.factories import a_procedure, a_request

pytestmark = pytest.mark.django_db


def test_each_filter_narrows_the_list(coordinator: Client, user: User, colleague: User) -> None:
    procedure = a_procedure()
    about = {"about": "procedure", "procedure": procedure, "procedure_name": procedure.title}
    # Midnight in Lahore is 7 pm in UTC.
    mine = set_to(a_request(**about, created_at=datetime(2026, 3, 4, 18, 59, tzinfo=UTC)), assignee=user)
    theirs = set_to(a_request(onset=2, created_at=datetime(2026, 3, 4, 19, tzinfo=UTC)), assignee=colleague)
    nobodys = a_request(speaks="pa", created_at=datetime(2026, 3, 4, 20, tzinfo=UTC))
    for name, value, wanted in (
        ("assignee", "me", [mine]),
        ("assignee", "nobody", [nobodys]),
        ("assignee", colleague.pk, [theirs]),
        ("procedure", procedure.pk, [mine]),
        ("onset", 2, [theirs]),
        ("language", "pa", [nobodys]),
        ("sent_to", "2026-03-04", [mine]),
        ("sent_from", "2026-03-05", [theirs, nobodys]),
    ):
        assert set(references(queue_page(coordinator, **{name: value}))) == {
            request.reference for request in wanted
        }, (name, value)


def test_form_shows_the_chosen_filters(coordinator: Client) -> None:
    assert "No requests here." in queue_page(coordinator).main.text
    chosen = {"tab": "new", "assignee": "me", "onset": "2", "language": "en", "sent_from": "2026-03-04"}
    page = queue_page(coordinator, **chosen)
    assert "No requests match these filters." in page.main.text
    filters = page.by_class("queue__filters")[0]
    assert "open" in filters.attributes
    assert sent_by(filters) == chosen | {"procedure": "", "sent_to": ""}


def test_invalid_filters_are_ignored_with_an_error(coordinator: Client) -> None:
    request = a_request(created_at=datetime(2026, 3, 6, 9, tzinfo=UTC))
    page = queue_page(coordinator, onset="soon", sent_from="2026-02-30")
    assert references(page) == [request.reference]
    assert len(page.by_class("errorlist")) == 2
    page = queue_page(coordinator, sent_from="2026-03-05", sent_to="2026-03-04")
    assert [error.text for error in page.by_class("errorlist")] == [
        "Choose the same day as “Sent from”, or a later one."
    ]
    assert references(page) == [request.reference]
    assert not queue_page(coordinator, sent_from="2026-03-06", sent_to="2026-03-06").by_class("errorlist")
