"""Concurrent publishing, with real threads and a real database."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from procedures.models import Publication
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.factories import a_procedure, a_reviewer, published, shared_texts
from tests.procedures.publishing.signing import published_in_turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

THREADS = 4
TIMES = 3


def in_threads(work: object) -> list[object]:
    """What ``work(number)`` returned, or the exception it raised, in each of the threads, begun together."""
    start = Barrier(THREADS)

    def run(number: int) -> object:
        try:
            start.wait(timeout=20)
            return [work(number) for _ in range(TIMES)]  # type: ignore[operator]
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(run, range(THREADS)))


def test_concurrent_publications_are_numbered_without_gaps() -> None:
    shared_texts()
    page, reviewer = a_procedure(), a_reviewer()

    results = in_threads(lambda number: published_in_turn(page, reviewer=reviewer).number)

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

    assert in_threads(take) == [[None] * TIMES] * THREADS
    assert Publication.objects.filter(slug="wanted").count() == 1
