"""The stamp of what is live changes with everything that patients are shown, and with nothing else."""

import re
from collections.abc import Callable
from datetime import date, time, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.core.http import content_version
from clinic_site.operations import readiness
from consultations.models import PrivacyNotice
from procedures.models import Practitioner, Procedure, Publication
from procedures.publishing import services as publishing
from tests.core.test_page_cache import CONTENT_PAGES
from tests.factories import a_notice, a_procedure, a_request, a_reviewer, published, staff

pytestmark = pytest.mark.django_db

# Read with what is live, and never changed once something is published: which row is of which kind, and
# what the gate has signed. Whatever else a page reads must be registered.
FIXED = {"procedures_page", "procedures_overview", "core_contentversion"}


def stamp() -> str:
    return content_version.stamp(timezone.now())


SHOWN: dict[str, Callable[[], Any]] = {
    "a publication": lambda: published(Procedure.objects.get()),
    "a withdrawal": lambda: publishing.withdraw(Procedure.objects.get(), language="en"),
    "an archived procedure": lambda: publishing.archive(Procedure.objects.get(), by=None),
    "a version called off": lambda: publishing.call_off(
        published(Procedure.objects.get(), live_from=timezone.now() + timedelta(days=1))
    ),
    "the order of the procedures": lambda: Procedure.objects.update(position=9),
    "the order, saved": lambda: Procedure(pk=Procedure.objects.get().pk, position=8).save(
        update_fields=["position"]
    ),
    "the clinic": lambda: ClinicProfile.objects.create(name="Clinic"),
    "opening hours": lambda: OpeningHours.objects.bulk_create(
        [OpeningHours(weekday=0, opens=time(9), closes=time(17))]
    ),
    "a closure": lambda: Closure.objects.create(name="Eid", starts_on=date.today(), ends_on=date.today()),
    "a surgeon": lambda: Practitioner.objects.update(biography="New."),
    "a surgeon gone": lambda: a_reviewer(name="Gone").delete(),
    "a privacy notice": a_notice,
}


@pytest.mark.parametrize("change", SHOWN.values(), ids=[*SHOWN])
def test_what_patients_are_shown_renews_it(change: Callable[[], Any]) -> None:
    published(a_procedure())
    before = stamp()
    assert stamp() == before
    change()
    assert stamp() != before


def test_the_working_copy_and_requests_do_not() -> None:
    page = a_procedure()
    published(page)
    before = stamp()

    page.title = "Another title"
    page.save()
    page.risks.update(body="Another text.")
    page.steps.create(title="A step", body="More.")
    a_procedure("another")
    publishing.make_preview_link(page, language="en", by=staff("Editor"))
    assert stamp() == before

    a_notice()
    before = stamp()
    a_request()
    assert stamp() == before


def test_it_is_renewed_in_the_transaction_of_the_change_or_not_at_all() -> None:
    before = stamp()
    with transaction.atomic():
        ClinicProfile.objects.create(name="Clinic")
        assert stamp() != before
        transaction.set_rollback(True)
    assert stamp() == before


def test_a_hand_at_the_database_itself_renews_it() -> None:
    ClinicProfile.objects.create(name="Clinic")
    before = stamp()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE clinic_clinicprofile SET name = 'By hand'")
    assert stamp() != before


def test_time_alone_renews_it_when_something_was_scheduled() -> None:
    now = timezone.now()
    published(a_procedure(), live_from=now + timedelta(hours=1))
    PrivacyNotice.objects.create(
        number=7, language="en", summary="-", text="-", published_at=now + timedelta(hours=2)
    )
    moments = [now + timedelta(minutes=minutes) for minutes in (0, 59, 60, 119, 120, 9999)]
    stamps = [content_version.stamp(moment) for moment in moments]
    assert [stamps.index(stamp) for stamp in stamps] == [0, 0, 2, 2, 4, 4]


def test_every_table_that_a_content_page_reads_is_registered(sample_site: None, client: Client) -> None:
    registered = content_version.shown_tables().keys() | FIXED
    for address in CONTENT_PAGES:
        with CaptureQueriesContext(connection) as queries:
            client.get(address)
        read = {name for query in queries for name in re.findall(r'(?:FROM|JOIN) "(\w+)"', query["sql"])}
        assert read, address
        assert read <= registered, (
            f"{address} reads {read - registered}: see clinic_site.core.http.content_version.shown"
        )


def test_a_site_that_would_not_notice_a_change_is_not_ready(sample_site: None) -> None:
    assert "page cache" not in readiness.failed_checks()
    content_version.remove_triggers(plan=["a migration"])
    assert "page cache" in readiness.failed_checks()
    before = stamp()
    content_version.install_triggers()
    assert "page cache" not in readiness.failed_checks()
    # What a migration changed may be shown, too.
    assert stamp() != before


def test_a_stamp_never_comes_back() -> None:
    """A number would, with a backup that is restored: another page would be kept under it."""
    seen = set()
    for _ in range(5):
        with transaction.atomic():
            ClinicProfile.objects.update_or_create(pk=1, defaults={"name": "Clinic"})
            seen.add(stamp())
            transaction.set_rollback(True)
    assert len(seen) == 5


def test_the_latest_publication_is_found_by_index() -> None:
    with connection.cursor() as cursor, time_machine.travel("2027-01-01"):
        if connection.vendor == "sqlite":
            cursor.execute(
                f"EXPLAIN QUERY PLAN {content_version._query()[0]}",
                ["2027-01-01"] * content_version._query()[1],
            )
            plan = " ".join(str(row) for row in cursor.fetchall())
            assert "publication_by_time" in plan
            assert "SCAN procedures_publication" not in plan
    assert Publication.objects.count() == 0
