"""The number of queries of staff pages, for the role that sees the most."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import MANAGER
from clinic_site.mail.models import OutgoingMessage
from consultations.lifecycle import staff_actions
from consultations.models import ConsultationRequest
from consultations.portal import actions
from procedures.models import Procedure
from tests.consultations.desk.consultation.request_pages import a_colleague, with_files
from tests.consultations.desk.queue.queue_pages import set_to
from tests.consultations.desk.schedule.calendar_helpers import given
from tests.consultations.messaging.message_helpers import an_appointment
from tests.factories import a_request, a_reviewer, change_status, staff
from tests.mail.mail_helpers import a_message

pytestmark = pytest.mark.django_db

MAX_QUERIES = 15
# Each list has more rows than its page may take queries.
MANY = MAX_QUERIES + 1
# Transactions do not count.
TRANSACTIONS = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
PAGES = (
    "admin:index",
    "desk:queue",
    "desk:new_request",
    "desk:request",
    "desk:details",
    "desk:offer_time",
    "desk:week",
    "desk:reminders",
    "desk:calendars",
    "desk:statistics",
    "desk:log",
    "desk:export",
    "desk:erase",
    "desk:copy",
    "admin:accounts_user_changelist",
    "admin:consultations_messagetext_changelist",
    "admin:mail_outgoingmessage_changelist",
    "admin:accounts_accountevent_changelist",
    "admin:procedures_procedure_changelist",
)
OF_ONE_REQUEST = ("desk:request", "desk:details", "desk:offer_time", "desk:erase", "desk:copy")


def with_history(request: ConsultationRequest, user: User) -> ConsultationRequest:
    with_files(request)
    for number in range(MANY // 2):
        staff_actions.add_note(request, f"Note {number}", actor=user)
        actions.add_patient_note(request, f"Note {number}")
        change_status(request, "declined", "contacting", "new", by=user)
    return request


def test_staff_pages_take_at_most_fifteen_queries(sample_site: None, settings: Any) -> None:
    manager, client = staff(MANAGER), Client()
    procedure = Procedure.objects.first()
    about = {"about": "procedure", "procedure": procedure, "procedure_name": "Nerve Repair"}
    now, practitioner = timezone.now(), a_reviewer()
    tomorrow = timezone.localtime().replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=1)
    at_noon = {"starts_at": tomorrow, "ends_at": tomorrow + timedelta(minutes=30)}
    for number in range(MANY):
        fields = {"assignee": a_colleague(f"Sana{number} Malik"), "promised_by": now, "unread_since": now}
        set_to(a_request(**about), status="completed")
        offered = set_to(a_request(**about), **fields, status="proposed")
        an_appointment(offered, state="offered", practitioner=practitioner, **at_noon)
        agreed = set_to(a_request(**about), status="confirmed")
        an_appointment(agreed, practitioner=a_reviewer(name=f"Dr. {number}"), **at_noon)
        set_to(a_request(**about), **fields)
        a_message(about=agreed.reference)
    OutgoingMessage.objects.update(failed_at=now)
    request = with_history(a_request(**about, email="ayesha@example.com"), manager)
    with_text = a_request(**about, email="x@example.com", may_identify_clinic="yes", contact_method="any")
    given(with_history(with_text, manager), practitioner, tomorrow + timedelta(days=1))
    given(with_text, practitioner, tomorrow + timedelta(days=1, hours=1), agreed=True)
    given(with_text, practitioner, tomorrow + timedelta(days=1, hours=2))
    client.force_login(manager)
    client.get(reverse("admin:index"))  # the first request of a session also reads how it was signed in
    found = client.post(reverse("desk:queue_search"), {"text": "khan"})["Location"]
    queue = reverse("desk:queue")
    addresses = [reverse(name, args=[request.pk] if name in OF_ONE_REQUEST else []) for name in PAGES]
    addresses += [f"{reverse('desk:week')}?day={tomorrow:%Y-%m-%d}"]
    addresses += [f"{reverse('desk:offer_time', args=[request.pk])}?practitioner={practitioner.pk}"]
    limits = {reverse("desk:log"): 11, reverse("admin:mail_outgoingmessage_changelist"): 12}
    tabs = ("overdue", "wrote", "proposed", "completed", f"waiting&procedure={procedure.pk}&assignee=me")
    for address in (*addresses, *(f"{queue}?tab={tab}" for tab in tabs), found):
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, address
        asked = [query["sql"] for query in queries if not query["sql"].startswith(TRANSACTIONS)]
        assert len(asked) <= limits.get(address, MAX_QUERIES), "\n".join(
            [address, *(sql[:120] for sql in asked)]
        )
    # The clinic, its hours and the wording of a text are cached for as long as public pages.
    settings.PAGE_CACHE_SECONDS = 600
    for _visit in range(2):
        with CaptureQueriesContext(connection) as queries:
            page = client.get(reverse("desk:request", args=[with_text.pk]))
    assert b'id="tell"' in page.content
    asked = [query["sql"] for query in queries if not query["sql"].startswith(TRANSACTIONS)]
    assert len(asked) <= MAX_QUERIES, "\n".join(sql[:120] for sql in asked)
