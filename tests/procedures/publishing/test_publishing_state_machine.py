"""Publishing, correcting, scheduling, withdrawing, restoring and archiving in any order keep at most one live
version, numbers without gaps, and a history that matches what patients saw."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from procedures.models import Disclaimer, Page, Practitioner, Procedure, Publication, Source
from procedures.public.selectors import former_publication, live_document
from procedures.publishing import drafts, publishing, share_images
from procedures.publishing.documents import PageDocument
from tests.factories import a_disclaimer, a_procedure, a_reviewer, published
from tests.procedures.publishing.signing import published_correction

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Publishing(RuleBasedStateMachine):
    """One page and its history, beside a plain model of it: for each version, when it is live."""

    @initialize()
    def start(self) -> None:
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.traveller = self.clock.start()
        a_disclaimer()
        self.reviewer = a_reviewer()
        self.pk = a_procedure().pk
        self.live_from: list[datetime] = []
        self.ended: dict[int, datetime] = {}
        self.called_off: set[int] = set()
        self.corrections: set[int] = set()
        self.edits = 0

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            self.clock.stop()
        empty()

    @property
    def page(self) -> Procedure:
        """As it is now: each act begins with a form that was opened after the one before."""
        return Procedure.objects.get(pk=self.pk)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.traveller.shift(timedelta(hours=hours))

    @rule()
    def edit(self) -> None:
        self.edits += 1
        letters = "".join(chr(97 + int(digit)) for digit in str(self.edits))
        self.page.risks.update(body=f"Germs get in: {letters}.")
        Procedure.objects.filter(pk=self.pk).update(slug=f"address-{self.edits % 3}")

    @rule(later=st.sampled_from([None, 0, 1, 24, 48]))
    def publish(self, later: int | None) -> None:
        self._publish(later, published)

    @precondition(lambda self: self.live_from)
    @rule(later=st.sampled_from([None, 24]))
    def publish_a_correction(self, later: int | None) -> None:
        if not self._live(self.now):
            with pytest.raises(publishing.NotReadyError):
                published_correction(self.page)
            return
        self._publish(later, lambda page, reviewer, live_from: published_correction(page, live_from))
        if not self.page.archived_at:
            self.corrections.add(len(self.live_from))

    def _publish(self, later: int | None, how: Any) -> None:
        live_from = self.now + timedelta(hours=later) if later is not None else None
        if self.page.archived_at:
            with pytest.raises(publishing.NotReadyError):
                how(self.page, reviewer=self.reviewer, live_from=live_from)
            return
        publication = how(self.page, reviewer=self.reviewer, live_from=live_from)
        assert publication.number == len(self.live_from) + 1
        self.live_from.append(live_from or self.now)
        # Else a withdrawal in the same instant could not be told from calling off.
        self.traveller.shift(timedelta(microseconds=1))

    @rule()
    def publish_without_a_look(self) -> None:
        with pytest.raises(publishing.ChangedSinceSeenError):
            published(self.page, reviewer=self.reviewer, seen="")

    @rule()
    def withdraw(self) -> None:
        self._note_withdrawal(publishing.withdraw(self.page, language="en"))

    def _note_withdrawal(self, was_there: bool) -> None:
        live, waiting = self._live(self.now), self._waiting()
        assert was_there == bool(live or waiting)
        if live:
            self.ended[live] = self.now
        self.called_off |= waiting

    @rule()
    def archive(self) -> None:
        was_there = bool(self._live(self.now) or self._waiting())
        publishing.archive(self.page, by=None)
        self._note_withdrawal(was_there)

    @rule()
    def unarchive(self) -> None:
        publishing.unarchive(self.page, by=None)

    @precondition(lambda self: self.live_from)
    @rule(data=st.data())
    def call_off(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, len(self.live_from)))
        done = publishing.call_off(Publication.objects.get(number=number))
        assert done == (number in self._waiting())
        if done:
            self.called_off.add(number)

    @precondition(lambda self: self.live_from)
    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, len(self.live_from)))
        version = Publication.objects.get(number=number)
        publishing.restore(version, by=None)
        document = PageDocument.from_json(version.document).unsigned()
        draft = drafts.read_draft(self.page, "en")
        assert draft.risks == document.risks
        assert draft.slug == document.slug

    # What must always hold

    def _counting(self) -> list[int]:
        return [n for n in range(1, len(self.live_from) + 1) if n not in self.called_off]

    def _waiting(self) -> set[int]:
        return {n for n in self._counting() if self.live_from[n - 1] > self.now}

    def _newest(self, at: datetime) -> int | None:
        return max((n for n in self._counting() if self.live_from[n - 1] <= at), default=None)

    def _live(self, at: datetime) -> int | None:
        """The plain model: the highest number whose time had come, unless it was withdrawn by then."""
        number = self._newest(at)
        return None if number is None or self.ended.get(number, at + timedelta(1)) <= at else number

    def _shown(self, number: int) -> bool:
        """Return True if patients have seen it: it was the right one when its time came."""
        live_from = self.live_from[number - 1]
        return live_from <= self.now and self._newest(live_from) == number

    @invariant()
    def changes_are_compared_with_the_last_full_review_shown(self) -> None:
        full = [n for n in self._counting() if self._shown(n) and n not in self.corrections]
        reviewed = publishing.reviewed_document(self.page, "en")
        number = reviewed.version.number if reviewed and reviewed.version else None
        assert number == max(full, default=None)

    @invariant()
    def at_most_one_is_live_now_then_and_before(self) -> None:
        later = [self.now + timedelta(hours=hours) for hours in (0, 1, 24, 100)]
        for at in later + [moment for moment in self.live_from if moment <= self.now]:
            live = Publication.objects.live(at).values_list("number", flat=True)
            assert list(live) == [number for number in [self._live(at)] if number]

    @invariant()
    def numbers_have_no_gap_and_match_their_documents(self) -> None:
        rows = list(Publication.objects.order_by("number"))
        assert [row.number for row in rows] == list(range(1, len(self.live_from) + 1))
        for row in rows[-2:]:
            version = PageDocument.from_json(row.document).version
            assert version
            assert version.number == row.number
            assert version.first_published_at <= version.published_at == row.live_from

    @invariant()
    def scheduled_versions_go_live(self) -> None:
        for row in Publication.objects.scheduled():
            assert self._live(row.live_from) == row.number

    @invariant()
    def every_former_address_answers(self) -> None:
        live = Publication.objects.live().first()
        took_effect = Publication.objects.took_effect(self.now).values_list("slug", flat=True)
        for slug in set(took_effect):
            if live and live.slug == slug:
                assert live_document("en", slug=slug)
            else:
                assert live_document("en", slug=slug) is None
                assert former_publication("en", slug=slug)


def empty() -> None:
    """Delete everything, with SQL where the models refuse it."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Publication._meta.db_table}")  # noqa: S608
    Page.objects.all().delete()
    for model in (Disclaimer, Practitioner, Source):
        model._default_manager.all().delete()


def test_publishing_state_machine(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Drawing an image for each version would take most of the time.
    monkeypatch.setattr(share_images, "make", lambda document: "")
    run_state_machine_as_test(
        Publishing, settings=hypothesis_settings(max_examples=8, stateful_step_count=12, deadline=None)
    )
