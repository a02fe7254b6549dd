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

from procedures.models import Disclaimer, EmergencyText, Page, Practitioner, Procedure, Publication, Source
from procedures.public.selectors import former_publication, live_document
from procedures.publishing import drafts, share_images
from procedures.publishing import services as publishing
from procedures.publishing.documents import PageDocument
from tests.factories import a_procedure, a_reviewer, published, shared_texts

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

BEGIN = datetime(2026, 6, 1, 12, tzinfo=UTC)


class Publishing(RuleBasedStateMachine):
    """One page and its history, beside a plain model of it: for each version, when it is live."""

    @initialize()
    def start(self) -> None:
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.traveller = self.clock.start()
        shared_texts()
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
    def somebody_edits(self) -> None:
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
                self._correct(self.page)
            return
        self._publish(later, self._correct)
        if not self.page.archived_at:
            self.corrections.add(len(self.live_from))

    def _correct(self, page: Any, **signing: Any) -> Publication:
        signing.pop("reviewer", None)
        seen = publishing.fingerprint(page, drafts.read_draft(page, "en"))
        return publishing.publish_correction(
            page, language="en", change_note="…", by=None, seen=seen, **signing
        )

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
    def publishing_without_having_looked_is_refused(self) -> None:
        with pytest.raises(publishing.ChangedSinceSeenError):
            published(self.page, reviewer=self.reviewer, seen="")

    @rule()
    def withdraw(self) -> None:
        self._withdrawn(publishing.withdraw(self.page, language="en"))

    def _withdrawn(self, was_there: bool) -> None:
        live = self._live(self.now)
        waiting = [n for n in self._counting() if self.live_from[n - 1] > self.now]
        assert was_there == bool(live or waiting)
        if live:
            self.ended[live] = self.now
        self.called_off |= set(waiting)

    @rule()
    def archive(self) -> None:
        live = self._live(self.now)
        waiting = [n for n in self._counting() if self.live_from[n - 1] > self.now]
        publishing.archive(self.page, by=None)
        self._withdrawn(bool(live or waiting))

    @rule()
    def take_out_of_the_archive(self) -> None:
        publishing.unarchive(self.page, by=None)

    @precondition(lambda self: self.live_from)
    @rule(data=st.data())
    def call_off(self, data: st.DataObject) -> None:
        number = data.draw(st.integers(1, len(self.live_from)))
        done = publishing.call_off(Publication.objects.get(number=number))
        assert done == (number in self._counting() and self.live_from[number - 1] > self.now)
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

    def _newest(self, at: datetime) -> int | None:
        return max((n for n in self._counting() if self.live_from[n - 1] <= at), default=None)

    def _live(self, at: datetime) -> int | None:
        """The plain model: the highest number whose time had come, unless it was withdrawn by then."""
        number = self._newest(at)
        return None if number is None or self.ended.get(number, at + timedelta(1)) <= at else number

    def _shown(self, number: int) -> bool:
        """Whether patients have seen it: it was the right one when its time came."""
        live_from = self.live_from[number - 1]
        return live_from <= self.now and self._newest(live_from) == number

    @invariant()
    def changes_are_held_against_the_last_full_review_that_patients_have_seen(self) -> None:
        full = [n for n in self._counting() if self._shown(n) and n not in self.corrections]
        reviewed = publishing.reviewed_document(self.page, "en")
        number = reviewed.version.number if reviewed and reviewed.version else None
        assert number == max(full, default=None)

    @invariant()
    def at_most_one_is_live_and_it_is_the_right_one(self) -> None:
        for hours in (0, 1, 24, 100):
            at = self.now + timedelta(hours=hours)
            assert list(Publication.objects.live(at).values_list("number", flat=True)) == [
                number for number in [self._live(at)] if number
            ]

    @invariant()
    def the_past_stays_as_it_was(self) -> None:
        for moment in self.live_from:
            if moment <= self.now:
                live = Publication.objects.live(moment).values_list("number", flat=True)
                assert list(live) == [number for number in [self._live(moment)] if number]

    @invariant()
    def numbers_have_no_gap_and_each_row_says_what_its_document_says(self) -> None:
        rows = list(Publication.objects.order_by("number"))
        assert [row.number for row in rows] == list(range(1, len(self.live_from) + 1))
        for row in rows[-2:]:
            version = PageDocument.from_json(row.document).version
            assert version
            assert version.number == row.number
            assert version.first_published_at <= version.published_at == row.live_from

    @invariant()
    def what_staff_are_told_waits_will_be_shown_when_its_time_comes(self) -> None:
        for row in Publication.objects.scheduled():
            assert self._live(row.live_from) == row.number

    @invariant()
    def every_address_it_ever_had_answers(self) -> None:
        live = Publication.objects.live().first()
        took_effect = Publication.objects.took_effect(self.now).values_list("slug", flat=True)
        for slug in set(took_effect):
            if live and live.slug == slug:
                assert live_document("en", slug=slug)
            else:
                assert live_document("en", slug=slug) is None
                assert former_publication("en", slug=slug)


def empty() -> None:
    """As rows of publications are never deleted by the models, the database is asked itself."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {Publication._meta.db_table}")  # noqa: S608
    Page.objects.all().delete()
    for model in (Disclaimer, EmergencyText, Practitioner, Source):
        model._default_manager.all().delete()


def test_publishing_state_machine(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    # Drawing a picture for each version would take most of the time, and is another test's business.
    monkeypatch.setattr(share_images, "make", lambda document: "")
    run_state_machine_as_test(
        Publishing, settings=hypothesis_settings(max_examples=15, stateful_step_count=15, deadline=None)
    )
