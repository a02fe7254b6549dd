"""The version of a page that is live at a time."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from procedures.models import Page, Publication
from procedures.publishing import publishing
from tests.factories import a_procedure, published

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    """It moves only when a test moves it."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def procedure() -> Page:
    return a_procedure()


def live(at: datetime | None = None) -> list[int]:
    return list(Publication.objects.live(at).values_list("number", flat=True))


def in_force(at: datetime | None = None) -> list[int]:
    return list(Publication.objects.in_force(at).values_list("number", flat=True))


def test_version_goes_live_at_its_time(procedure: Page) -> None:
    published(procedure, live_from=NOW)
    published(procedure, live_from=NOW + timedelta(days=1))
    assert live(NOW - timedelta(microseconds=1)) == []
    assert live(NOW) == [1]
    assert live(NOW + timedelta(days=1) - timedelta(microseconds=1)) == [1]
    assert live(NOW + timedelta(days=1)) == [2]


def test_higher_number_wins_at_the_same_time(procedure: Page) -> None:
    published(procedure, live_from=NOW)
    published(procedure, live_from=NOW)
    assert live() == in_force() == [2]


def test_older_scheduled_version_never_replaces_a_newer_one(procedure: Page) -> None:
    published(procedure, live_from=NOW + timedelta(days=7))
    published(procedure, live_from=NOW)
    assert live(NOW) == live(NOW + timedelta(days=30)) == [2]


def test_withdrawal_does_not_bring_back_the_previous_version(
    procedure: Page, clock: time_machine.Traveller
) -> None:
    published(procedure)
    published(procedure)
    clock.shift(1)
    assert publishing.withdraw(procedure, language="en")
    assert live(NOW + timedelta(days=1)) == []
    assert in_force(NOW + timedelta(days=1)) == [2]
    assert Publication.objects.get(number=1).withdrawn_at is None
    published(procedure)
    assert live() == [3]


def test_withdrawn_version_was_live_until_then(procedure: Page) -> None:
    published(procedure, live_from=NOW)
    Publication.objects.update(withdrawn_at=NOW + timedelta(days=1))
    assert live(NOW) == [1]
    assert live(NOW + timedelta(days=1)) == []


def test_withdrawal_of_a_page_that_is_not_live_does_nothing(procedure: Page) -> None:
    assert not publishing.withdraw(procedure, language="en")
    published(procedure)
    publishing.withdraw(procedure, language="en")
    withdrawn_at = Publication.objects.get().withdrawn_at
    assert not publishing.withdraw(procedure, language="en")
    assert Publication.objects.get().withdrawn_at == withdrawn_at


def test_called_off_version_never_goes_live(procedure: Page) -> None:
    published(procedure)
    assert not publishing.call_off(Publication.objects.get()), "it is live"
    scheduled = published(procedure, live_from=NOW + timedelta(days=1))
    assert publishing.call_off(scheduled)
    assert live(NOW + timedelta(days=2)) == in_force(NOW + timedelta(days=2)) == [1]
    assert not publishing.call_off(scheduled)


def test_publication_never_takes_effect_in_the_past(procedure: Page) -> None:
    publication = published(procedure, live_from=NOW - timedelta(days=365))
    assert publication.live_from == NOW
    assert live(NOW - timedelta(days=1)) == []


def test_withdrawal_calls_off_scheduled_versions(procedure: Page) -> None:
    published(procedure)
    published(procedure, live_from=NOW + timedelta(days=1))
    publishing.withdraw(procedure, language="en")
    assert live(NOW + timedelta(days=2)) == []


def test_pages_and_languages_are_independent(procedure: Page, clock: time_machine.Traveller) -> None:
    published(procedure)
    other = a_procedure("tendon-transfer")
    published(other)
    published(other)
    Publication.objects.create(
        page=procedure, language="ur", number=7, document="{}", card="{}", published_at=NOW, live_from=NOW
    )
    clock.shift(1)
    publishing.withdraw(other, language="en")
    assert sorted(Publication.objects.live().values_list("page__slug", "language", "number")) == [
        ("lymph-vessel-repair", "en", 1),
        ("lymph-vessel-repair", "ur", 7),
    ]


def test_procedures_are_in_the_order_of_their_position() -> None:
    for slug, position in (("last", 9), ("first", 1), ("middle", 5)):
        published(a_procedure(slug, position=position))
    slugs = Publication.objects.live().procedures().values_list("slug", flat=True)
    assert list(slugs) == ["first", "middle", "last"]
