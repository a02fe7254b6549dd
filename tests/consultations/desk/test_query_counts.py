"""The number of queries of staff pages, for the role that sees the most."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.roles import MANAGER
from procedures.models import Procedure
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

MAX_QUERIES = 15
# Transactions do not count.
TRANSACTIONS = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
PAGES = (
    "admin:index",
    "desk:queue",
    "desk:request",
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
OF_ONE_REQUEST = ("desk:request", "desk:offer_time", "desk:erase", "desk:copy")


def test_staff_pages_take_at_most_fifteen_queries(sample_site: None) -> None:
    procedure = Procedure.objects.first()
    about = {"about": "procedure", "procedure": procedure, "procedure_name": "Nerve Repair"}
    requests = [a_request(patient_age=age, **about) for age in range(12)]
    client = Client()
    client.force_login(staff(MANAGER))
    client.get(reverse("admin:index"))  # the first request of a session also reads how it was signed in
    for name in PAGES:
        address = reverse(name, args=[requests[0].pk] if name in OF_ONE_REQUEST else [])
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, name
        asked = [query["sql"] for query in queries if not query["sql"].startswith(TRANSACTIONS)]
        assert len(asked) <= MAX_QUERIES, "\n".join([name, *(sql[:120] for sql in asked)])
