"""Who is shown the way to the log and the export. Who may open them stands in tests/site/role_table.txt."""

import pytest
from django.test import Client

from clinic_site.accounts.roles import COORDINATOR, MANAGER
from tests.factories import staff

pytestmark = pytest.mark.django_db


def test_a_manager_finds_the_way_from_the_staff_index_and_a_coordinator_does_not(client: Client) -> None:
    client.force_login(staff(MANAGER))
    page = client.get("/staff/").content.decode()
    assert 'href="/staff/log/"' in page and 'href="/staff/export/"' in page
    client.force_login(staff(COORDINATOR))
    page = client.get("/staff/").content.decode()
    assert "/staff/log/" not in page and "/staff/export/" not in page
