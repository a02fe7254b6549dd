"""Everything that patients and staff can do to requests, in any order, from screens old and new.

Hypothesis drives the services beside a plain model. Whatever it does is done, or refused with one of the
three documented errors; what is refused changes nothing. For a long look: WORKFLOW_EXAMPLES, WORKFLOW_STEPS.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import transaction
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from clinic_site.accounts.models import User
from clinic_site.accounts.roles import COORDINATOR
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.appointments import offers, reminders
from consultations.data_rights import erasure, subject_access
from consultations.data_rights.erasure import ERASED_VALUES, Reason
from consultations.intake import attachments, submission
from consultations.intake.upload_cleaning import CleanFile
from consultations.lifecycle import (
    assignment,
    booking,
    errors,
    optimistic_locking,
    staff_actions,
    status_changes,
)
from consultations.lifecycle.contact_details import ContactDetails
from consultations.lifecycle.staff_actions import NOT_REACHED, Outcome
from consultations.lifecycle.status_changes import was_withdrawn
from consultations.models import (
    Appointment,
    Attachment,
    ConsultationRequest,
    Disclosure,
    Event,
    Note,
    PrivateLink,
    SearchTerm,
    TakenSlot,
)
from consultations.models.consultation_requests import NEVER
from consultations.phone_numbers import parse
from consultations.portal import actions, added_attachments
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.factories import a_notice, a_reviewer, a_submission, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EXAMPLES = int(os.environ.get("WORKFLOW_EXAMPLES", "12"))
STEPS = int(os.environ.get("WORKFLOW_STEPS", "25"))

BEGIN = datetime(2026, 6, 1, 4, tzinfo=UTC)
REFUSALS = (errors.NotAllowedError, errors.SomeoneElseChangedError, errors.TimeTakenError)
# Every table that a request has rows in.
TABLES: tuple[Any, ...] = (
    ConsultationRequest,
    Event,
    Note,
    Appointment,
    TakenSlot,
    PrivateLink,
    Attachment,
    SearchTerm,
    Disclosure,
    OutgoingMessage,
)

screens: Bundle["Screen"] = Bundle("screens")
# Most people look before they press.
fresh = st.sampled_from([True, True, True, False])
words_of_status = st.sampled_from([*Status, "lost", "", "NEW", "ﷺ" * 50])
# As the forms let words through: no NUL, no half of a surrogate pair, and not empty.
words = st.sampled_from(["It is worse.", "ہاتھ سُوجا ہے", "<b>%s {{ 7 }}", "\u202e\u0007", "w" * 1000])
ids = st.sampled_from([0, -1, 1, 2**31, 2**63, 10**30])
# Hours from the begin of the day on which it all starts; some are past, not on the grid, or far ahead.
hours = st.sampled_from([29.0, 29.25, 29.5, 53.0, 77.0, 24 * 300.0, -24.0, 0.0, 53.01, 24 * 500.0])
minutes = st.sampled_from([30, 30, 30, 60, 5, 240, 245, 0, -30, 7])


@dataclass(frozen=True)
class Screen:
    """A request as somebody has it before them, perhaps for days."""

    request: ConsultationRequest
    version: int
    status: str
    appointment: int


def look(pk: int) -> Screen:
    request = ConsultationRequest.objects.get(pk=pk)
    live = booking.live(request)
    return Screen(request, request.version, request.status, live.pk if live else 0)


def contact_details_with(number: str) -> ContactDetails:
    phone = parse(number)
    return ContactDetails(phone.e164, phone.as_typed, "", "", "ayesha@example.com")


def stored() -> dict[str, list[Any]]:
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in TABLES}


def what_is_left_of(request: ConsultationRequest) -> list[Any]:
    """Every row of one request."""
    rows = [ConsultationRequest.objects.filter(pk=request.pk).values().get()]
    for name in ("events", "notes", "links", "terms", "attachments", "appointments", "disclosures"):
        rows += getattr(request, name).order_by("pk").values()
    return rows


class Workflow(RuleBasedStateMachine):
    """Requests, and what a plain model says of each: its status, its first contact, whether it was erased."""

    # Two have come before it begins: without a request, hardly a rule has anything to do.
    @initialize(target=screens)
    def start(self) -> Any:
        # Not an atomic block: a request is stored by a durable one, which refuses to stand inside another.
        self.savepoint = transaction.savepoint()
        self.clock = time_machine.travel(BEGIN, tick=False)
        self.traveller = self.clock.start()
        a_notice()
        self.staff = [staff(COORDINATOR, email=f"{name}@clinic.example") for name in ("one", "two")]
        self.practitioners = [a_reviewer(), Practitioner.objects.create(name="Dr. Two")]
        self.keys = [SubmissionKey.new() for _ in range(3)]
        self.status: dict[int, str] = {}
        self.first_contact: dict[int, datetime] = {}
        self.erased: dict[int, list[Any]] = {}
        self.kept: dict[tuple[Any, Any], dict[str, Any]] = {}
        return multiple(
            self._sent(a_submission(key=self.keys[0])),
            self._sent(a_submission(key=self.keys[1], contact_method="email", email="ayesha@example.com")),
        )

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            try:
                self.kept = {}
                self.every_row_keeps_every_rule()
            finally:
                self.clock.stop()
                transaction.savepoint_rollback(self.savepoint)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def does(self, act: Callable[[], Any]) -> type[Exception] | None:
        """Do something. Gives the class of the refusal, after which everything is as it was."""
        before = stored()
        try:
            act()
        except REFUSALS as refusal:
            assert stored() == before
            return type(refusal)
        return None

    def if_allowed(self, request: ConsultationRequest, act: Callable[[], Any], status: str) -> None:
        if self.does(act) is None:
            self._moved(request, status)

    def _moved(self, request: ConsultationRequest, to: str) -> None:
        self.status[request.pk] = to
        if to == Status.CONFIRMED:
            self.first_contact.setdefault(request.pk, self.now)
        elif to == Status.NEW:
            self.first_contact.pop(request.pk, None)

    # The patient, before and after "Send request"

    @rule(
        target=screens,
        form=st.integers(0, 2),
        name=st.sampled_from(["Ayesha Khan", "علی خان", "' OR 1=1 --"]),
        browser=st.sampled_from(["", "one", "two"]),
        suspicions=st.sampled_from([(), (), ("trap",)]),
        email=st.sampled_from(["", "ayesha@example.com"]),
    )
    def sends(self, form: int, name: str, browser: str, suspicions: Any, email: str) -> Screen:
        by = {"contact_method": "email", "email": email} if email else {}
        sent = a_submission(key=self.keys[form], suspicions=suspicions, patient_name=name, **by)
        object.__setattr__(sent, "browser", browser)
        return self._sent(sent)

    def _sent(self, sent: submission.Submission) -> Screen:
        request = submission.submit(sent)
        assert submission.find(sent.key)
        if request.pk not in self.status:
            self.status[request.pk] = Status.QUARANTINED if sent.suspicions else Status.NEW
        return look(request.pk)

    @rule(form=st.integers(0, 2), numbers=st.lists(st.integers(0, 9), max_size=5))
    def chooses_files(self, form: int, numbers: list[int]) -> None:
        self.does(lambda: attachments.keep_until_sent(self.keys[form], _files(numbers)))

    @rule(screen=screens, numbers=st.lists(st.integers(0, 9), max_size=5))
    def adds_attachments(self, screen: Screen, numbers: list[int]) -> None:
        self.does(lambda: added_attachments.add(screen.request, _files(numbers)))

    @rule(screen=screens)
    def withdraws(self, screen: Screen) -> None:
        self.if_allowed(screen.request, lambda: actions.withdraw(screen.request), Status.WITHDRAWN)

    @rule(screen=screens, number=st.sampled_from(["0301 2345678", "+44 20 7946 0018", "0321-7654321"]))
    def corrects_the_number(self, screen: Screen, number: str) -> None:
        self.does(lambda: actions.correct_phone(screen.request, parse(number)))

    @rule(screen=screens, text=words)
    def adds_a_note(self, screen: Screen, text: str) -> None:
        self.does(lambda: actions.add_patient_note(screen.request, text))

    @rule(screen=screens, fresh=fresh, hostile=st.none() | ids)
    def accepts(self, screen: Screen, fresh: bool, hostile: int | None) -> None:
        screen = self._again(screen, fresh)
        appointment = screen.appointment if hostile is None else hostile
        self.if_allowed(
            screen.request, lambda: actions.accept_time(screen.request, appointment), Status.CONFIRMED
        )

    @rule(screen=screens, fresh=fresh, hostile=st.none() | ids, text=st.just("") | words)
    def asks_for_another_time(self, screen: Screen, fresh: bool, hostile: int | None, text: str) -> None:
        screen = self._again(screen, fresh)
        appointment = screen.appointment if hostile is None else hostile
        self.if_allowed(
            screen.request,
            lambda: actions.request_another_time(screen.request, appointment, text),
            Status.CONTACTING,
        )

    # The staff

    @rule(screen=screens, to=words_of_status, expected=st.none() | words_of_status, fresh=fresh)
    def changes_the_status(self, screen: Screen, to: str, expected: str | None, fresh: bool) -> None:
        screen = self._again(screen, fresh)
        request, was = screen.request, screen.status if expected is None else expected
        has_begun = booking.has_begun(booking.live(request), self.now)
        had_withdrawn = was_withdrawn(list(request.events.all()))
        refusal = self.does(
            lambda: status_changes.change_status(request, to, actor=self.staff[0], expected_status=was)
        )
        step = workflow.step(was, to)
        if step is None or workflow.needs_time(was, to):
            assert refusal is errors.NotAllowedError
        elif was != self.status[request.pk] or request.pk in self.erased:
            assert refusal is errors.SomeoneElseChangedError
        elif not step.is_possible(has_begun, had_withdrawn):
            assert refusal is errors.NotAllowedError
        else:
            assert refusal is None
            self._moved(request, to)

    @rule(screen=screens, data=st.data(), fresh=fresh, who=st.integers(0, 1))
    def takes_a_step(self, screen: Screen, data: st.DataObject, fresh: bool, who: int) -> None:
        """A button of the page: most of what is pressed."""
        screen = self._again(screen, fresh)
        steps = [step.to for step in workflow.STEPS[Status(screen.status)]]
        to = data.draw(st.sampled_from(steps))
        self.if_allowed(
            screen.request,
            lambda: optimistic_locking.change_status(
                screen.request, to, actor=self.staff[who], version=screen.version
            ),
            to,
        )

    @rule(
        screen=screens,
        fresh=fresh,
        hour=hours,
        length=minutes,
        practitioner=st.integers(0, 1),
        agreed=st.booleans(),
        stale=st.none() | ids,
    )
    def offers_a_time(
        self,
        screen: Screen,
        fresh: bool,
        hour: float,
        length: int,
        practitioner: int,
        agreed: bool,
        stale: int | None,
    ) -> None:
        screen = self._again(screen, fresh)
        request, to = screen.request, Status.CONFIRMED if agreed else Status.PROPOSED
        version = screen.version if stale is None else stale
        starts_at, for_so_long = self._day + timedelta(hours=hour), timedelta(minutes=length)
        with_whom = self.practitioners[practitioner]
        now = look(request.pk)
        is_taken = _overlapping(with_whom, starts_at, starts_at + for_so_long, but=now.appointment)
        refusal = self.does(
            lambda: offers.offer_time(
                request,
                with_whom,
                starts_at,
                for_so_long,
                agreed=agreed,
                actor=self.staff[0],
                version=version,
            )
        )
        if refusal is errors.NotAllowedError:
            return
        assert starts_at > self.now - (timedelta(days=7) if agreed else timedelta(0))
        if version != now.version:
            # The same offer again is one press that arrived twice.
            assert refusal in (errors.SomeoneElseChangedError, None)
            assert refusal or look(request.pk) == now
            return
        assert now.status == to or workflow.may_follow(now.status, to)
        if is_taken:
            assert refusal is errors.TimeTakenError
        else:
            assert refusal is None
            self.status[request.pk] = to
            if agreed or ConsultationRequest.objects.get(pk=request.pk).email:
                self.first_contact.setdefault(request.pk, self.now)

    @rule(
        screen=screens,
        fresh=fresh,
        outcome=st.sampled_from([*Outcome, "lost", ""]),
        later=st.none() | st.sampled_from([-1, 0, 1, 100]),
        expected=st.none() | words_of_status,
        as_it_was_seen=st.booleans(),
    )
    def tries_to_reach(
        self,
        screen: Screen,
        fresh: bool,
        outcome: str,
        later: int | None,
        expected: str | None,
        as_it_was_seen: bool,
    ) -> None:
        screen = self._again(screen, fresh)
        request, actor = screen.request, self.staff[0]
        again = None if later is None else self.now + timedelta(hours=later)
        before = Event.objects.filter(kind=Event.Kind.CONTACTED).count()
        if as_it_was_seen:
            self.does(
                lambda: optimistic_locking.record_contact(
                    request, outcome, actor=actor, version=screen.version, call_back_at=again
                )
            )
        else:
            was = screen.status if expected is None else expected
            self.does(
                lambda: staff_actions.record_contact(
                    request, outcome, actor=actor, expected_status=was, call_back_at=again
                )
            )
        if Event.objects.filter(kind=Event.Kind.CONTACTED).count() == before:
            return
        if self.status[request.pk] == Status.NEW:
            self.status[request.pk] = Status.CONTACTING
        if outcome not in NOT_REACHED:
            self.first_contact.setdefault(request.pk, self.now)

    @rule(screen=screens, fresh=fresh, to=st.none() | st.integers(0, 1), how=st.integers(0, 2))
    def assigns(self, screen: Screen, fresh: bool, to: int | None, how: int) -> None:
        screen = self._again(screen, fresh)
        request, actor = screen.request, self.staff[1]
        whom: User | None = None if to is None else self.staff[to]
        had = {request.pk: screen.version, 10**15: 0}
        self.does(
            [
                lambda: staff_actions.assign(request, whom, actor=actor),
                lambda: optimistic_locking.assign(request, whom, actor=actor, version=screen.version),
                lambda: assignment.assign_many(had, whom, actor=actor),
            ][how]
        )

    @rule(screen=screens, fresh=fresh, text=words, how=st.integers(0, 4))
    def works_on(self, screen: Screen, fresh: bool, text: str, how: int) -> None:
        screen = self._again(screen, fresh)
        request, version, actor = screen.request, screen.version, self.staff[0]
        self.does(
            [
                lambda: staff_actions.add_note(request, text, actor=actor),
                lambda: staff_actions.acknowledge(request, actor=actor),
                lambda: optimistic_locking.acknowledge(request, actor=actor, version=version),
                lambda: staff_actions.new_private_link(request, actor=actor),
                lambda: optimistic_locking.new_private_link(request, actor=actor, version=version),
            ][how]
        )

    @rule(screen=screens)
    def reminds(self, screen: Screen) -> None:
        for appointment in screen.request.appointments.all():
            self.does(lambda: reminders.mark_reminded(appointment, actor=self.staff[0]))  # noqa: B023

    @rule(screen=screens, number=st.sampled_from(["0301 2345678", "0321-7654321"]), is_right=st.booleans())
    def corrects_how_to_reach_them(self, screen: Screen, number: str, is_right: bool) -> None:
        by: dict[str, Any] = {"actor": self.staff[0], "version": screen.version, "is_right": is_right}
        self.does(
            lambda: optimistic_locking.correct_contact_details(
                screen.request, contact_details_with(number), **by
            )
        )

    @rule(screen=screens, reason=st.sampled_from(["", "asked_in_person"]))
    def copies_it(self, screen: Screen, reason: str) -> None:
        self.does(lambda: subject_access.make(screen.request, actor=self.staff[0], reason=reason).close())

    # The end

    @rule(screen=screens, reason=st.sampled_from([*erasure.STAFF_REASONS, Reason.RETENTION, "", "lost"]))
    def is_erased(self, screen: Screen, reason: str) -> None:
        request = screen.request
        refusal = self.does(lambda: erasure.erase(request, actor=self.staff[0], reason=reason))
        if reason not in erasure.STAFF_REASONS:
            assert refusal is errors.NotAllowedError
        elif request.pk in self.erased:
            assert refusal is errors.SomeoneElseChangedError
        else:
            assert refusal is None
            self._erased(request)

    @rule(screen=screens)
    def is_past_its_time(self, screen: Screen) -> None:
        if erasure.erase_expired(screen.request, self.now):
            assert self.status[screen.request.pk] not in workflow.OPEN
            self._erased(screen.request)

    def _everybody_presses_everything_of(self, request: ConsultationRequest) -> None:
        """None of it does anything to a request that was erased: the invariants compare."""
        seen = look(request.pk)
        by: dict[str, Any] = {"actor": self.staff[0]}
        acts: list[Callable[[], Any]] = [
            lambda: actions.add_patient_note(request, "It is worse."),
            lambda: actions.correct_phone(request, parse("0321 7654321")),
            lambda: added_attachments.add(request, _files([1])),
            lambda: staff_actions.add_note(request, "She asked.", **by),
            lambda: staff_actions.acknowledge(request, **by),
            lambda: staff_actions.new_private_link(request, **by),
            lambda: staff_actions.assign(request, None, **by),
            lambda: staff_actions.assign(request, self.staff[1], **by),
            lambda: staff_actions.record_contact(request, Outcome.SPOKE, expected_status=seen.status, **by),
            lambda: optimistic_locking.record_contact(request, Outcome.SPOKE, version=seen.version, **by),
            lambda: optimistic_locking.new_private_link(request, version=seen.version, **by),
            lambda: optimistic_locking.correct_contact_details(
                request, contact_details_with("0321 7654321"), version=seen.version, **by
            ),
            lambda: subject_access.make(request, reason="asked_in_person", **by),
        ]
        for act in acts:
            self.does(act)

    @rule()
    def the_ledger_is_replayed(self) -> None:
        assert erasure.replay([]).erased == 0

    def _erased(self, request: ConsultationRequest) -> None:
        assert request.pk not in self.erased
        if self.status[request.pk] in workflow.OPEN:
            self.status[request.pk] = Status.WITHDRAWN
        self.erased[request.pk] = what_is_left_of(request)
        self._everybody_presses_everything_of(request)

    @rule(passed=st.sampled_from([1, 1, 30, 24 * 40, 24 * 400]))
    def time_passes(self, passed: int) -> None:
        self.traveller.shift(timedelta(hours=passed))

    # Somebody looks again.

    @rule(target=screens, screen=screens)
    def looks(self, screen: Screen) -> Screen:
        return look(screen.request.pk)

    def _again(self, screen: Screen, fresh: bool) -> Screen:
        return look(screen.request.pk) if fresh else screen

    @property
    def _day(self) -> datetime:
        return self.now.replace(hour=0, minute=0, second=0, microsecond=0)

    # What must always hold

    @invariant()
    def the_status_is_the_one_of_the_model_and_the_history_tells_how_it_came(self) -> None:
        assert dict(ConsultationRequest.objects.values_list("pk", "status")) == self.status
        for request in ConsultationRequest.objects.all():
            first, *changes = request.events.filter(
                kind__in=[Event.Kind.SUBMITTED, Event.Kind.STATUS_CHANGED]
            )
            assert first.kind == Event.Kind.SUBMITTED
            was = first.to_status
            for change in changes:
                assert change.kind == Event.Kind.STATUS_CHANGED
                assert change.from_status == was != change.to_status
                was = change.to_status
            assert was == request.status

    @invariant()
    def a_time_is_live_exactly_where_one_is_offered_or_agreed(self) -> None:
        state_of = {Status.PROPOSED: Appointment.State.OFFERED, Status.CONFIRMED: Appointment.State.AGREED}
        for pk, status in self.status.items():
            live = Appointment.objects.live().filter(request=pk)
            if status == Status.WITHDRAWN:  # who withdraws after the visit leaves it to be marked
                live = live.exclude(state=Appointment.State.AGREED, starts_at__lte=self.now)
            states = list(live.values_list("state", flat=True))
            assert states == ([state_of[Status(status)]] if Status(status) in state_of else [])

    @invariant()
    def the_calendar_holds_exactly_what_was_not_canceled(self) -> None:
        held = {
            (appointment.practitioner_id, at, appointment.pk)
            for appointment in Appointment.objects.in_calendar()
            for at in appointment.slots()
        }
        assert set(TakenSlot.objects.values_list("practitioner", "at", "appointment")) == held
        assert TakenSlot.objects.count() == len(held)

    @invariant()
    def the_first_contact_moves_only_where_it_is_taken_back(self) -> None:
        made = ConsultationRequest.objects.filter(first_contact_at__isnull=False)
        assert dict(made.values_list("pk", "first_contact_at")) == self.first_contact

    @invariant()
    def whatever_waits_for_the_clinic_is_due_at_some_moment(self) -> None:
        waiting = ConsultationRequest.objects.waiting()
        assert not waiting.with_due_at(self.now).filter(due_at__gte=NEVER).exists()
        # ``due_at`` has a fallback, and every change sets a time explicitly.
        assert not waiting.filter(status=Status.CONTACTING, call_back_at=None).exists()

    @invariant()
    def whoever_was_erased_is_named_nowhere_and_stays_so(self) -> None:
        for pk, was in self.erased.items():
            request = ConsultationRequest.objects.get(pk=pk)
            assert what_is_left_of(request) == was
            assert {name: getattr(request, name) for name in ERASED_VALUES} == ERASED_VALUES
            for of_a_person in ("notes", "links", "attachments"):
                assert not getattr(request, of_a_person).exists()
            assert request.terms.count() == 1  # of its reference
            assert not OutgoingMessage.objects.filter(about=request.reference).exists()
            assert not Appointment.objects.live().filter(request=pk).exists()

    @invariant()
    def every_row_keeps_every_rule(self) -> None:
        """After each step those that it made or changed, in the end all: it takes longer than the steps."""
        for model in TABLES:
            for row in model._base_manager.all():
                values = vars(row) | {"_state": None}
                if self.kept.get((model, row.pk)) != values:
                    keeps_every_rule(row)
                    self.kept[model, row.pk] = values


def keeps_every_rule(row: Any) -> None:
    if isinstance(row, ConsultationRequest) and row.erased_at:
        row.clean_fields(exclude=["patient_name", "patient_age", "phone", "phone_as_typed"])
        row.validate_unique()
        row.validate_constraints()
    else:
        row.full_clean()


def _files(numbers: list[int]) -> list[CleanFile]:
    return [CleanFile(kind="pdf", content=b"%%PDF report %d" % number) for number in numbers]


def _overlapping(practitioner: Practitioner, start: datetime, end: datetime, *, but: int) -> bool:
    others = Appointment.objects.in_calendar().filter(practitioner=practitioner).exclude(pk=but)
    return others.between(start, end).exists()


def test_in_any_order_nothing_fails_and_nothing_contradicts_itself(db: None) -> None:
    run_state_machine_as_test(
        Workflow,
        settings=hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None),
    )
