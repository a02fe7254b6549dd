"""Concurrent publishing, with real threads and a real database."""

from itertools import chain

import pytest

from procedures.models import Publication
from procedures.publishing.documents import PageDocument
from tests.concurrency import in_threads
from tests.factories import a_procedure, a_reviewer, shared_texts
from tests.procedures.publishing.signing import numbers, published_in_turn

THREADS = 4
TIMES = 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_concurrent_publications_are_numbered_without_gaps() -> None:
    shared_texts()
    page, reviewer = a_procedure(), a_reviewer()

    def publish() -> list[int]:
        return [published_in_turn(page, reviewer=reviewer).number for _ in range(TIMES)]

    results = in_threads(*[publish] * THREADS)
    assert not [result for result in results if isinstance(result, Exception)]
    assert numbers() == sorted(chain(*results)) == list(range(1, THREADS * TIMES + 1))
    assert Publication.objects.live().get().number == THREADS * TIMES
    for publication in Publication.objects.all():
        version = PageDocument.from_json(publication.document).version
        assert version and version.number == publication.number
