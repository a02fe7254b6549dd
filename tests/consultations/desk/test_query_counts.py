"""No staff page takes more than fifteen queries, even for the role that sees the most."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.roles import MANAGER
from procedures.models import Procedure
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

MOST = 15
# Not asked about the page: the marks that a nested transaction sets.
MARKS = ("SAVEPOINT", "RELEASE SAVEPOINT", "BEGIN", "COMMIT")
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


@pytest.mark.parametrize("name", PAGES)
def test_no_page_of_the_staff_takes_more_than_fifteen_queries(name: str, sample_world: None) -> None:
    procedure = Procedure.objects.first()
    about = {"about": "procedure", "procedure": procedure, "procedure_name": "Nerve Repair"}
    requests = [a_request(patient_age=age, **about) for age in range(12)]
    address = reverse(name, args=[requests[0].pk] if name in OF_ONE_REQUEST else [])
    client = Client()
    client.force_login(staff(MANAGER))
    client.get(address)  # the first request of a session also looks at how it was signed in
    with CaptureQueriesContext(connection) as queries:
        assert client.get(address).status_code == 200
    asked = [query["sql"] for query in queries if not query["sql"].startswith(MARKS)]
    assert len(asked) <= MOST, "\n".join(sql[:120] for sql in asked)
