"""Staff act on one page at the same time, in threads and processes, on a real database."""

from functools import partial
from itertools import chain
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from procedures.models import Page, Procedure, Publication
from procedures.publishing import drafts, publishing, share_images
from procedures.publishing.documents import PageDocument
from tests.admin_forms import address, form_of
from tests.concurrency import Child, in_threads
from tests.factories import a_disclaimer, a_procedure, a_reviewer, published, signed_in
from tests.procedures.publishing.signing import numbers, published_in_turn

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

WORKERS = 4


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(share_images, "make", lambda document: "")


@pytest.fixture
def procedure() -> Procedure:
    a_disclaimer()
    procedure = a_procedure()
    published(procedure)
    return procedure


def signed_in_workers(role: str) -> list[Client]:
    return [signed_in(role, email=f"worker-{number}@clinic.example") for number in range(WORKERS)]


def test_simultaneous_saves_let_one_editor_through(procedure: Procedure) -> None:
    clients = signed_in_workers("Editor")
    opened = form_of(clients[0], address(procedure))

    def save(number: int) -> int:
        sent = opened | {"summary": f"Written by {number}."}
        return clients[number].post(address(procedure), sent).status_code

    statuses = in_threads(*(partial(save, number) for number in range(WORKERS)))
    assert sorted(statuses) == [200] * (WORKERS - 1) + [302], statuses
    procedure.refresh_from_db()
    winner = statuses.index(302)
    assert procedure.summary == f"Written by {winner}."
    assert procedure.edited_by and procedure.edited_by.email == f"worker-{winner}@clinic.example"


def test_simultaneous_publications_are_numbered_without_gaps(procedure: Procedure) -> None:
    reviewer, times = a_reviewer(), 3

    def publish() -> list[int]:
        return [published_in_turn(procedure, reviewer=reviewer).number for _ in range(times)]

    published_numbers = sorted(chain(*in_threads(*[publish] * WORKERS)))
    assert published_numbers == list(range(2, WORKERS * times + 2))
    assert numbers() == [1, *published_numbers]
    assert Publication.objects.live().get().number == WORKERS * times + 1
    assert_whole(procedure)


def test_simultaneous_publishing_of_one_form_publishes_once(procedure: Procedure) -> None:
    clients = signed_in_workers("Clinical reviewer")
    url = address(procedure, "publish")
    sent = form_of(clients[0], url) | {"reviewer": str(a_reviewer().pk), "change_note": "…"}
    statuses = in_threads(*(lambda client=client: client.post(url, sent).status_code for client in clients))
    assert statuses == [302] * WORKERS
    assert_whole(procedure)
    assert Publication.objects.count() == 2


def test_simultaneous_editing_never_publishes_unseen_text(procedure: Procedure) -> None:
    reviewer = a_reviewer()
    editor = signed_in("Editor")
    for turn in range(2):
        seen = drafts.read_draft(Procedure.objects.get(pk=procedure.pk), "en")
        fingerprint = publishing.fingerprint(procedure, seen)
        form = form_of(editor, address(procedure)) | {"risks-0-body": f"Germs get in {'again ' * turn}now."}

        def publish(fingerprint: str = fingerprint) -> Publication:
            return published(procedure, reviewer=reviewer, seen=fingerprint)

        def edit(form: dict[str, Any] = form) -> int:
            return editor.post(address(procedure), form).status_code

        publication, status = in_threads(publish, edit)
        assert status == 302
        if isinstance(publication, Publication):
            assert PageDocument.from_json(publication.document).risks == seen.risks
        else:
            assert isinstance(publication, publishing.ChangedSinceSeenError), publication
    assert_whole(procedure)


def test_simultaneous_archiving_leaves_nothing_on_the_site(procedure: Procedure) -> None:
    reviewer = a_reviewer()
    for _turn in range(2):
        publishing.unarchive(procedure, by=None)
        results = in_threads(
            lambda: publishing.archive(procedure, by=None), lambda: published(procedure, reviewer=reviewer)
        )
        assert not [error for error in results if isinstance(error, Exception)] or isinstance(
            results[1], publishing.NotReadyError | publishing.ChangedSinceSeenError
        )
        archived = Procedure.objects.get(pk=procedure.pk).archived_at is not None
        assert archived
        assert not Publication.objects.live().filter(page=procedure).exists()
    assert_whole(procedure)


def act(pk: int, reviewer: Any, seed: int) -> None:
    """A few actions one after the other, in an order that depends on the seed."""
    page = Page.objects.get(pk=pk)
    for turn in range(4):
        match (seed + turn) % 4:
            case 0 | 1:
                published_in_turn(page, reviewer=reviewer)
            case 2:
                publishing.withdraw(page, language="en")
            case 3:
                publishing.restore(Publication.objects.get(page=page, number=1), by=None)


def assert_whole(page: Page) -> None:
    rows = list(Publication.objects.filter(page=page).order_by("number"))
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert Publication.objects.live().filter(page=page).count() <= 1
    for row in rows:
        version = PageDocument.from_json(row.document).version
        assert version and version.number == row.number
        # At most one was live at each moment of its history.
        assert Publication.objects.live(row.live_from).filter(page=page).count() <= 1


def test_simultaneous_actions_in_processes_leave_one_live_version(procedure: Procedure) -> None:
    """Processes share no memory: only the database can keep them apart."""
    reviewer = a_reviewer()
    workers = [Child(partial(act, procedure.pk, reviewer, seed)) for seed in range(WORKERS)]
    assert [worker.ended() for worker in workers] == [0] * WORKERS
    assert_whole(procedure)
    assert drafts.read_draft(Procedure.objects.get(pk=procedure.pk), "en").risks
    assert Publication.objects.filter(published_at__lte=timezone.now()).count() >= 1 + 2 * WORKERS - 2
