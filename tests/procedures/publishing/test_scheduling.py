"""Scheduled versions: going live, canceling and replacing them."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from procedures.models import Procedure, Publication
from procedures.publishing import publishing
from procedures.publishing.documents import PageDocument
from tests.admin_forms import address, publish_in_admin, warnings_in
from tests.factories import a_reviewer, published
from tests.pages import read
from tests.procedures.publishing.signing import NOW, PATH, history_rows

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clock")]


def waiting(clinician: Client, procedure: Procedure, view: str = "history_of") -> list[str]:
    page = read(clinician.get(address(procedure, view)))
    return [line.text for line in page.all("p", class_="page-state")]


def test_scheduled_version_goes_live_at_its_time(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    assert "waits" not in "".join(waiting(clinician, procedure, "publish"))
    procedure.risks.update(body="Germs get in, later.")
    # Nine in the morning of 3 June in Lahore is four o'clock in UTC.
    response = publish_in_admin(clinician, procedure, a_reviewer(), live_from="2026-06-03T09:00")
    assert warnings_in(response) == ["Version 2 is scheduled: patients see it from the time you gave."]
    assert "Version 2 goes live on Wed 3 Jun 2026, 9 am." in read(clinician.get(address(procedure))).text
    assert waiting(clinician, procedure, "publish")[0] == (
        "Version 2 waits: it goes live on Wed 3 Jun 2026, 9 am. If what you publish here goes live before "
        "that, or at the same time, patients never see version 2, unless yours is called off before its "
        "time."
    )
    clock.move_to(datetime(2026, 6, 3, 3, 59, 59, tzinfo=UTC))
    assert "Germs get in." in read(client.get(PATH)).main.text
    clock.move_to(datetime(2026, 6, 3, 4, tzinfo=UTC))
    assert "Germs get in, later." in read(client.get(PATH)).main.text


def test_canceled_version_never_goes_live(
    client: Client, clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure)
    procedure.risks.update(body="Germs get in, later.")
    published(procedure, live_from=NOW + timedelta(days=2))
    call_off = f"{address(procedure, 'history_of')}2/call-off/"
    assert clinician.get(call_off).status_code == 405
    assert warnings_in(clinician.post(call_off))[-1] == "Version 2 is called off."
    assert warnings_in(clinician.post(call_off))[-1] == "This version is no longer scheduled."
    clock.shift(timedelta(days=10))
    assert "Germs get in." in read(client.get(PATH)).main.text


def test_history_after_cancellation_shows_the_next_version(clinician: Client, procedure: Procedure) -> None:
    """One that a newer version was to replace waits again once that is called off."""
    published(procedure, live_from=datetime(2026, 6, 5, 4, tzinfo=UTC))
    published(procedure, live_from=datetime(2026, 6, 3, 4, tzinfo=UTC))
    assert waiting(clinician, procedure) == ["Version 2 goes live on Wed 3 Jun 2026, 9 am."]
    publishing.call_off(Publication.objects.get(number=2))
    assert waiting(clinician, procedure) == ["Version 1 goes live on Fri 5 Jun 2026, 9 am."]
    assert "called off on Mon 1 Jun 2026" in history_rows(clinician, procedure)[0]
    publishing.call_off(Publication.objects.get(number=1))
    assert waiting(clinician, procedure) == []
    assert "withdrawn" not in "".join(history_rows(clinician, procedure))


def test_history_tells_replaced_versions_from_scheduled_ones(
    clinician: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    published(procedure, live_from=NOW + timedelta(days=2))
    published(procedure)
    assert "goes live on" not in read(clinician.get(address(procedure))).text
    newest, waited = history_rows(clinician, procedure)
    assert "scheduled" not in newest + waited
    assert "replaced before it went live" in waited and "replaced" not in newest
    # Neither a version that was called off nor one that was live has been replaced.
    clock.shift(60)
    publishing.call_off(published(procedure, live_from=NOW + timedelta(days=2)))
    clock.shift(60)
    published(procedure)
    *newer, first = history_rows(clinician, procedure)
    assert "replaced" not in "".join(newer) and "replaced" in first


def test_withdrawal_cancels_scheduled_versions(
    client: Client, procedure: Procedure, clock: time_machine.Traveller
) -> None:
    """Also a version that waited behind another one."""
    published(procedure, live_from=NOW + timedelta(days=4))
    published(procedure, live_from=NOW + timedelta(days=2))
    publishing.withdraw(procedure, language="en")
    for days in (1, 3, 5):
        clock.move_to(NOW + timedelta(days=days))
        assert client.get(PATH).status_code == 404


def test_publish_with_a_past_start_is_live_now(clinician: Client, procedure: Procedure) -> None:
    for past in ("2020-01-01T00:00", "0001-01-01T00:00"):
        publish_in_admin(clinician, procedure, a_reviewer(), live_from=past)
    assert list(Publication.objects.values_list("live_from", flat=True)) == [timezone.now()] * 2


def test_first_published_date_ignores_canceled_versions(
    procedure: Procedure, clock: time_machine.Traveller
) -> None:
    publishing.call_off(published(procedure, live_from=NOW + timedelta(days=1)))
    for days in (9, 10):
        clock.move_to(NOW + timedelta(days=days))
        version = PageDocument.from_json(published(procedure).document).version
        assert version and version.first_published_at == NOW + timedelta(days=9)
