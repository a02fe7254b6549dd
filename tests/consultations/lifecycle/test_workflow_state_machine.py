"""Everything that patients and staff can do to requests, in any order, from screens old and new.

Hypothesis drives the services beside a plain model. An action is performed, or refused with one of the three
documented errors; a refused action changes nothing. For a long run: WORKFLOW_EXAMPLES, WORKFLOW_STEPS.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
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

from clinic_site.accounts.roles import COORDINATOR
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.appointments import offers, reminders
from consultations.data_rights import erasure, subject_access
from consultations.data_rights.erasure import ERASED_VALUES, Reason
from consultations.intake import attachments, submission
from consultations.intake.upload_cleaning import CleanFile
from consultations.lifecycle import booking, contact_details, errors, staff_actions, status_changes
from consultations.lifecycle.staff_actions import NOT_REACHED, Outcome
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
from consultations.portal import actions
from consultations.tokens import SubmissionKey
from consultations.workflow import Status
from procedures.models import Practitioner
from tests.factories import a_notice, a_reviewer, a_submission, staff

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

EXAMPLES = int(os.environ.get("WORKFLOW_EXAMPLES", "5"))
STEPS = int(os.environ.get("WORKFLOW_STEPS", "25"))

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}
LIVE = Appointment.LIVE
REFUSALS = (errors.NotAllowedError, errors.SomeoneElseChangedError, errors.TimeTakenError)
# Every table that a request has rows in.
TABLES: tuple[Any, ...] = (
    *(ConsultationRequest, Event, Note, Appointment, TakenSlot, PrivateLink, Attachment, SearchTerm),
    *(Disclosure, OutgoingMessage),
)

screens: Bundle["Screen"] = Bundle("screens")
statuses = st.sampled_from([*Status, "lost", "", "NEW", "ﷺ" * 50])
# As the forms let texts through: no NUL, no half of a surrogate pair, and not empty.
texts = st.sampled_from(["It is worse.", "ہاتھ سُوجا ہے", "<b>%s {{ 7 }}", "\u202e\u0007", "w" * 1000])
numbers = st.sampled_from(["0301 2345678", "+44 20 7946 0018", "0321-7654321"])
# Hours from midnight; some are past, not on the grid, or far ahead.
hours = st.sampled_from([29.0, 29.25, 29.5, 53.0, 77.0, 24 * 300.0, -24.0, 0.0, 53.01, 24 * 500.0])
minutes = st.sampled_from([30, 30, 30, 60, 5, 240, 245, 0, -30, 7])


def a_file(number: int) -> CleanFile:
    return CleanFile(kind="pdf", content=b"%%PDF report %d" % number)


files = st.lists(st.integers(0, 9).map(a_file), max_size=5)


@dataclass(frozen=True)
class Screen:
    """A request as somebody has it on the screen, perhaps for days."""

    request: ConsultationRequest
    version: int
    status: str
    appointment: int | None


def look(pk: int) -> Screen:
    request = ConsultationRequest.objects.get(pk=pk)
    live = booking.live(request)
    return Screen(request, request.version, request.status, live.pk if live else None)


def stored() -> dict[str, list[Any]]:
    return {model._meta.label: list(model._base_manager.order_by("pk").values()) for model in TABLES}


def rows_of(request: ConsultationRequest) -> list[Any]:
    rows = [ConsultationRequest.objects.filter(pk=request.pk).values().get()]
    for name in ("events", "notes", "links", "terms", "attachments", "appointments", "disclosures"):
        rows += getattr(request, name).order_by("pk").values()
    return rows


class Workflow(RuleBasedStateMachine):
    """Requests, and what a plain model says of each: its status, its first contact, whether it was erased."""

    # Two requests have come before it begins: without one, hardly a rule has anything to do.
    @initialize(target=screens)
    def start(self) -> Any:
        # No atomic block: a request is stored by a durable one, which refuses to be inside another.
        self.savepoint = transaction.savepoint()
        self.clock = time_machine.travel(datetime(2026, 6, 1, 4, tzinfo=UTC), tick=False)
        self.traveller = self.clock.start()
        a_notice()
        self.staff = [staff(COORDINATOR, email=f"{name}@clinic.example") for name in ("one", "two")]
        self.practitioners = [a_reviewer(), Practitioner.objects.create(name="Dr. Two")]
        self.keys = [SubmissionKey.new() for _ in range(3)]
        self.status: dict[int, str] = {}
        self.first_contact: dict[int, datetime] = {}
        self.erased: dict[int, list[Any]] = {}
        self.checked: dict[tuple[Any, Any], dict[str, Any]] = {}
        return multiple(
            self._submit(a_submission(key=self.keys[0])),
            self._submit(a_submission(key=self.keys[1], **BY_EMAIL)),
        )

    def teardown(self) -> None:
        if hasattr(self, "clock"):
            try:
                self.checked = {}
                self.every_row_keeps_every_constraint()
            finally:
                self.clock.stop()
                transaction.savepoint_rollback(self.savepoint)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def attempt(self, act: Callable[[], Any]) -> type[Exception] | None:
        """Try an action. Returns the class of its refusal, after which everything is as it was."""
        before = stored()
        try:
            act()
        except REFUSALS as refusal:
            assert stored() == before
            return type(refusal)
        return None

    def _moved(self, pk: int, to: str) -> None:
        self.status[pk] = to
        if to == Status.CONFIRMED:
            self.first_contact.setdefault(pk, self.now)
        elif to == Status.NEW:
            self.first_contact.pop(pk, None)

    def _look(self, screen: Screen, data: st.DataObject) -> Screen:
        """The screen as it was, or as it is now: most people look before they press."""
        return look(screen.request.pk) if data.draw(st.sampled_from([True, True, True, False])) else screen

    # The patient

    @rule(
        target=screens,
        form=st.integers(0, 2),
        name=st.sampled_from(["Ayesha Khan", "علی خان", "' OR 1=1 --"]),
        browser=st.sampled_from(["", "one", "two"]),
        suspicions=st.sampled_from([(), (), ("trap",)]),
        contact=st.sampled_from([{}, BY_EMAIL]),
    )
    def submit(self, form: int, name: str, browser: str, suspicions: Any, contact: Any) -> Screen:
        sent = a_submission(key=self.keys[form], suspicions=suspicions, patient_name=name, **contact)
        object.__setattr__(sent, "browser", browser)
        return self._submit(sent)

    def _submit(self, sent: submission.Submission) -> Screen:
        request = submission.submit(sent)
        assert submission.find(sent.key)
        self.status.setdefault(request.pk, Status.QUARANTINED if sent.suspicions else Status.NEW)
        return look(request.pk)

    @rule(screen=screens)
    def withdraw(self, screen: Screen) -> None:
        if not self.attempt(lambda: actions.withdraw(screen.request)):
            self._moved(screen.request.pk, Status.WITHDRAWN)

    @rule(screen=screens, data=st.data(), accept=st.booleans(), text=st.just("") | texts)
    def answer_offer(self, screen: Screen, data: st.DataObject, accept: bool, text: str) -> None:
        screen = self._look(screen, data)
        request, before = screen.request, look(screen.request.pk)
        if accept:
            choices = [each.pk for each in request.appointments.choices(self.now)]
            chosen = data.draw(st.sampled_from([*choices, *choices, screen.appointment or 0, 0]))
            if not self.attempt(lambda: actions.accept_time(request, chosen)):
                assert look(request.pk).appointment == chosen in (*choices, before.appointment)
                self._moved(request.pk, Status.CONFIRMED)
            return
        version = data.draw(st.sampled_from([screen.version, screen.version, 0, -1]))
        refusal = self.attempt(lambda: actions.request_another_time(request, version, text))
        if before.appointment is None or refusal or before.status == Status.CONFIRMED:
            return  # an agreed time is kept: the invariants compare
        if version == screen.version and screen.appointment == before.appointment:
            self._moved(request.pk, Status.CONTACTING)
        else:  # a time that was not on the screen is neither agreed nor given back
            after = look(request.pk)
            assert (after.status, after.appointment) == (before.status, before.appointment)

    # The staff

    @rule(screen=screens, data=st.data(), who=st.integers(0, 1))
    def change_status(self, screen: Screen, data: st.DataObject, who: int) -> None:
        screen = self._look(screen, data)
        request, before = screen.request, look(screen.request.pk)
        buttons = st.sampled_from([step.to for step in workflow.STEPS[Status(screen.status)]])
        to = data.draw(buttons | statuses)
        step = workflow.step(before.status, to)
        is_possible = (
            step is not None
            and not workflow.needs_time(before.status, to)
            and not (to == Status.CONFIRMED and booking.has_alternatives(booking.live(request)))
            and step.is_possible(
                booking.has_begun(booking.live(request), self.now),
                status_changes.was_withdrawn(request.events.all()),
            )
        )
        by: dict[str, Any] = {"actor": self.staff[who], "version": screen.version}
        refusal = self.attempt(lambda: staff_actions.change_status(request, to, **by))
        if request.pk in self.erased:
            assert refusal is errors.NotAllowedError
        elif screen.version != before.version:  # nothing changes; a button pressed twice is no error
            assert refusal in (None, errors.SomeoneElseChangedError)
        elif is_possible:
            assert refusal is None
            self._moved(request.pk, to)
        else:
            assert refusal is errors.NotAllowedError

    @rule(screen=screens, data=st.data(), agreed=st.booleans())
    def offer_time(self, screen: Screen, data: st.DataObject, agreed: bool) -> None:
        screen = self._look(screen, data)
        request, before = screen.request, look(screen.request.pk)
        to = offers.status_after(before.status, agreed=agreed)
        version = data.draw(st.sampled_from([screen.version, screen.version, 2**31]))
        midnight = self.now.replace(hour=0, minute=0, second=0, microsecond=0)
        starts_at, *alternatives = [
            midnight + timedelta(hours=at) for at in data.draw(st.lists(hours, min_size=1, max_size=3))
        ]
        alternatives = [] if agreed else alternatives
        length = timedelta(minutes=data.draw(minutes))
        practitioner = data.draw(st.sampled_from(self.practitioners))
        given_back = ["held"] if to == before.status == Status.CONFIRMED and not agreed else ["held", *LIVE]
        others = Appointment.objects.in_calendar().filter(practitioner=practitioner)
        others = others.exclude(request=request, state__in=given_back)
        times = sorted([starts_at, *alternatives])
        is_taken = any(others.between(at, at + length).exists() for at in times) or any(
            later - earlier < length for earlier, later in pairwise(times)
        )
        by: dict[str, Any] = {"actor": self.staff[0], "version": version}
        refusal = self.attempt(
            lambda: offers.offer_time(
                request, practitioner, starts_at, length, agreed=agreed, alternatives=alternatives, **by
            )
        )
        if refusal is errors.NotAllowedError:
            return
        assert times[0] > self.now - (timedelta(days=7) if agreed else timedelta(0))
        if version != before.version:
            # The same offer again is one press that arrived twice.
            assert refusal in (errors.SomeoneElseChangedError, None)
            assert refusal or look(request.pk) == before
            return
        assert before.status == to or workflow.may_follow(before.status, to)
        if is_taken:
            assert refusal is errors.TimeTakenError
        else:
            assert refusal is None
            self.status[request.pk] = to
            if agreed or ConsultationRequest.objects.get(pk=request.pk).email:
                self.first_contact.setdefault(request.pk, self.now)

    @rule(screen=screens, data=st.data(), outcome=st.sampled_from([*Outcome, "lost", ""]))
    def record_contact(self, screen: Screen, data: st.DataObject, outcome: str) -> None:
        screen = self._look(screen, data)
        again = data.draw(st.sampled_from([None, None, -1, 0, 1, 100]))
        call_back_at = None if again is None else self.now + timedelta(hours=again)
        by: dict[str, Any] = {"actor": self.staff[0], "version": screen.version}
        attempts = Event.objects.filter(kind=Event.Kind.CONTACTED)
        before = attempts.count()
        self.attempt(
            lambda: staff_actions.record_contact(screen.request, outcome, call_back_at=call_back_at, **by)
        )
        if attempts.count() > before:
            if self.status[screen.request.pk] == Status.NEW:
                self.status[screen.request.pk] = Status.CONTACTING
            if outcome not in NOT_REACHED:
                self.first_contact.setdefault(screen.request.pk, self.now)

    def _other_actions(self, screen: Screen, draw: Callable[[Any], Any]) -> list[Callable[[], Any]]:
        """Everything that changes neither the status nor the time."""
        request, version, actor = screen.request, screen.version, self.staff[0]
        by: dict[str, Any] = {"actor": actor, "version": version}
        text, phone, chosen = draw(texts), parse(draw(numbers)), draw(files)
        details = {"phone": phone.e164, "phone_as_typed": phone.as_typed, "email": "ayesha@example.com"}
        return [
            lambda: actions.add_patient_note(request, text),
            lambda: actions.change_contact_details(request, phone.fields()),
            lambda: attachments.add_files(request, chosen, ""),
            lambda: staff_actions.add_note(request, text, actor=actor),
            lambda: staff_actions.acknowledge(request, **by),
            lambda: staff_actions.new_private_link(request, **by),
            lambda: staff_actions.assign(request, None, **by),
            lambda: staff_actions.assign(request, self.staff[1], **by),
            lambda: staff_actions.assign_many({request.pk: version, 10**15: 0}, actor, actor=actor),
            lambda: contact_details.correct_by_staff(request, details, **by),
            lambda: contact_details.correct_by_staff(request, details, **by, is_right=True),
            lambda: subject_access.make(request, actor=actor, reason="asked_in_person").close(),
            lambda: subject_access.make(request, actor=actor, reason="").close(),
            lambda: [
                reminders.mark_reminded(appointment, actor=actor)
                for appointment in request.appointments.all()[:1]
            ],
        ]

    @rule(screen=screens, data=st.data())
    def do_anything_else(self, screen: Screen, data: st.DataObject) -> None:
        acts = self._other_actions(self._look(screen, data), data.draw)
        self.attempt(data.draw(st.sampled_from(acts)))

    # Erasure

    @rule(
        screen=screens,
        data=st.data(),
        reason=st.sampled_from([*erasure.STAFF_REASONS, Reason.RETENTION, "", "lost"]),
    )
    def erase(self, screen: Screen, data: st.DataObject, reason: str) -> None:
        refusal = self.attempt(lambda: erasure.erase(screen.request, actor=self.staff[0], reason=reason))
        if reason not in erasure.STAFF_REASONS:
            assert refusal is errors.NotAllowedError
        elif screen.request.pk in self.erased:
            assert refusal is errors.SomeoneElseChangedError
        else:
            assert refusal is None
            self._erased(screen.request, data)

    @rule(screen=screens, data=st.data())
    def erase_expired(self, screen: Screen, data: st.DataObject) -> None:
        if erasure.erase_expired(screen.request, self.now):
            assert self.status[screen.request.pk] not in workflow.OPEN
            self._erased(screen.request, data)

    def _erased(self, request: ConsultationRequest, data: st.DataObject) -> None:
        assert request.pk not in self.erased
        if self.status[request.pk] in workflow.OPEN:
            self.status[request.pk] = Status.WITHDRAWN
        self.erased[request.pk] = rows_of(request)
        # Nothing changes it any more: the invariants compare.
        for act in self._other_actions(look(request.pk), data.draw):
            self.attempt(act)

    @rule()
    def replay_erasures(self) -> None:
        assert erasure.replay([]).erased == 0

    @rule(passed=st.sampled_from([1, 1, 30, 24 * 40, 24 * 400]))
    def wait(self, passed: int) -> None:
        self.traveller.shift(timedelta(hours=passed))

    @rule()
    def release_expired_choices(self) -> None:
        offered = Appointment.objects.filter(state=Appointment.State.OFFERED)
        for appointment in offered.filter(held_until__lte=self.now, starts_at__gt=self.now):
            self._moved(appointment.request_id, Status.CONTACTING)
        offers.release_expired_choices()
        held = Appointment.objects.filter(state=Appointment.State.HELD)
        assert not held.filter(held_until__lte=self.now).exists()

    @rule(target=screens, screen=screens)
    def look_again(self, screen: Screen) -> Screen:
        return look(screen.request.pk)

    # What must always hold

    @invariant()
    def status_is_that_of_the_model_and_of_the_history(self) -> None:
        assert dict(ConsultationRequest.objects.values_list("pk", "status")) == self.status
        for request in ConsultationRequest.objects.all():
            kinds = [Event.Kind.SUBMITTED, Event.Kind.STATUS_CHANGED]
            first, *changes = request.events.filter(kind__in=kinds)
            assert first.kind == Event.Kind.SUBMITTED
            was = first.to_status
            for change in changes:
                assert change.kind == Event.Kind.STATUS_CHANGED
                assert change.from_status == was != change.to_status
                was = change.to_status
            assert was == request.status

    @invariant()
    def appointment_is_live_exactly_while_offered_or_agreed(self) -> None:
        state_of = {Status.PROPOSED: Appointment.State.OFFERED, Status.CONFIRMED: Appointment.State.AGREED}
        for pk, status in self.status.items():
            live = Appointment.objects.live().filter(request=pk)
            if status == Status.WITHDRAWN:  # attendance of a past appointment is still to be recorded
                live = live.exclude(state=Appointment.State.AGREED, starts_at__lte=self.now)
            states = list(live.values_list("state", flat=True))
            assert states == ([state_of[Status(status)]] if Status(status) in state_of else [])

    @invariant()
    def times_are_held_only_beside_an_offered_or_agreed_one(self) -> None:
        held = Appointment.objects.filter(state=Appointment.State.HELD)
        assert {self.status[pk] for pk in held.values_list("request", flat=True)} <= {
            *(Status.PROPOSED, Status.CONFIRMED),
        }

    @invariant()
    def calendar_holds_exactly_what_was_not_canceled(self) -> None:
        held = [
            (appointment.practitioner_id, at, appointment.pk)
            for appointment in Appointment.objects.in_calendar()
            for at in appointment.slots()
        ]
        taken = TakenSlot.objects.values_list("practitioner", "at", "appointment")
        assert sorted(taken) == sorted(held)

    @invariant()
    def first_contact_is_kept(self) -> None:
        made = ConsultationRequest.objects.filter(first_contact_at__isnull=False)
        assert dict(made.values_list("pk", "first_contact_at")) == self.first_contact

    @invariant()
    def waiting_requests_are_due(self) -> None:
        waiting = ConsultationRequest.objects.waiting()
        assert not waiting.with_due_at(self.now).filter(due_at__gte=NEVER).exists()
        # ``due_at`` has a fallback, and every change sets a time explicitly.
        assert not waiting.filter(status=Status.CONTACTING, call_back_at=None).exists()

    @invariant()
    def erased_requests_stay_erased(self) -> None:
        for pk, was in self.erased.items():
            request = ConsultationRequest.objects.get(pk=pk)
            assert rows_of(request) == was
            assert {name: getattr(request, name) for name in ERASED_VALUES} == ERASED_VALUES
            for of_a_person in ("notes", "links", "attachments"):
                assert not getattr(request, of_a_person).exists()
            assert request.terms.count() == 1  # of its reference
            assert not OutgoingMessage.objects.filter(about=request.reference).exists()
            assert not Appointment.objects.live().filter(request=pk).exists()

    @invariant()
    def every_row_keeps_every_constraint(self) -> None:
        """After each step the new and changed rows, in the end all: it takes longer than the steps."""
        for model in TABLES:
            for row in model._base_manager.all():
                values = vars(row) | {"_state": None}
                if self.checked.get((model, row.pk)) == values:
                    continue
                self.checked[model, row.pk] = values
                if getattr(row, "erased_at", None):
                    row.clean_fields(exclude=["patient_name", "patient_age", "phone", "phone_as_typed"])
                    row.validate_unique()
                    row.validate_constraints()
                else:
                    row.full_clean()


def test_no_order_of_actions_fails_or_contradicts_itself(db: None) -> None:
    run_state_machine_as_test(
        Workflow,
        settings=hypothesis_settings(max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None),
    )
