"""Concurrent publishing, with real threads and a real database."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from procedures.models import Publication
from procedures.publishing import publishing
from procedures.publishing.documents import PageDocument
from tests.concurrency import in_threads
from tests.factories import a_procedure, a_reviewer, published, shared_texts
from tests.procedures.publishing.signing import published_in_turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 4
TIMES = 3


def many_times(work: Callable[[int], object]) -> list[Any]:
    """Return what ``work(number)`` returned each time, or the exception it raised, for each thread."""

    def repeated(number: int) -> list[object]:
        return [work(number) for _ in range(TIMES)]

    return in_threads(*(partial(repeated, number) for number in range(THREADS)))


def test_concurrent_publications_are_numbered_without_gaps() -> None:
    shared_texts()
    page, reviewer = a_procedure(), a_reviewer()

    results = many_times(lambda number: published_in_turn(page, reviewer=reviewer).number)

    assert not [result for result in results if isinstance(result, Exception)]
    numbers = Publication.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == list(range(1, THREADS * TIMES + 1))
    assert Publication.objects.live().get().number == THREADS * TIMES
    for publication in Publication.objects.all():
        version = PageDocument.from_json(publication.document).version
        assert version and version.number == publication.number


def test_concurrent_publications_cannot_share_an_address() -> None:
    """Their working copies cannot have it at once; what was published under it counts too."""
    shared_texts()
    reviewer = a_reviewer()
    first = a_procedure("wanted")
    published(first, reviewer=reviewer)
    first.slug = "left"
    first.save()
    second = a_procedure("wanted")

    def take(number: int) -> object:
        try:
            return published(second, reviewer=reviewer)
        except publishing.NotReadyError:
            return None

    assert many_times(take) == [[None] * TIMES] * THREADS
    assert Publication.objects.filter(slug="wanted").count() == 1
