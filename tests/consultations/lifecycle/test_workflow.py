"""Which status may follow which: every pair, against a table written down here by hand."""

from itertools import product

import pytest

from consultations import workflow
from consultations.workflow import Status

MAY_FOLLOW = {
    "new": {"contacting", "proposed", "confirmed", "declined", "withdrawn", "quarantined"},
    "contacting": {
        "proposed",
        "confirmed",
        "unreachable",
        "declined",
        "withdrawn",
        "new",
        "quarantined",
    },
    "proposed": {"confirmed", "contacting", "unreachable", "declined", "withdrawn"},
    "confirmed": {"completed", "did_not_attend", "proposed", "contacting", "declined", "withdrawn"},
    "completed": {"confirmed", "withdrawn"},
    "did_not_attend": {"contacting", "proposed", "confirmed", "completed"},
    "declined": {"contacting"},
    "withdrawn": {"contacting", "completed", "did_not_attend"},
    "unreachable": {"contacting"},
    "quarantined": {"new", "withdrawn"},
}


@pytest.mark.parametrize(("before", "after"), list(product(Status, Status)))
def test_a_status_may_follow_another_only_where_the_table_says_so(before: Status, after: Status) -> None:
    assert workflow.may_follow(before, after) == (after.value in MAY_FOLLOW[before.value])


@pytest.mark.parametrize(
    ("before", "after"), [("new", "lost"), ("lost", "new"), ("", ""), ("NEW", "declined")]
)
def test_a_word_that_is_no_status_follows_nothing(before: str, after: str) -> None:
    assert not workflow.may_follow(before, after)


# Of the steps from an agreed time, and from a withdrawal, which are there before it begins, and which after.
BEFORE = {
    "confirmed": {"proposed", "contacting", "declined", "withdrawn"},
    "withdrawn": {"contacting"},
    "completed": {"confirmed"},
}
ONCE_BEGUN = {
    "confirmed": {"completed", "did_not_attend", "contacting", "withdrawn"},
    "withdrawn": {"completed", "did_not_attend"},
}


@pytest.mark.parametrize("status", Status)
def test_a_visit_is_marked_once_it_has_begun_and_is_not_given_up_then(status: Status) -> None:
    steps = workflow.STEPS[status]
    for has_begun, table in ((False, BEFORE), (True, ONCE_BEGUN)):
        possible = {step.to.value for step in steps if step.is_possible(has_begun)}
        usual = MAY_FOLLOW[status.value] if not has_begun else set()
        assert possible == table.get(status.value, usual)


def test_a_mark_is_taken_back_to_where_it_was_made() -> None:
    steps = workflow.STEPS[Status.COMPLETED]
    assert [step.to for step in steps if step.is_possible(False, had_withdrawn=True)] == [Status.WITHDRAWN]


@pytest.mark.parametrize("status", Status)
def test_a_patient_withdraws_what_is_not_closed(status: Status) -> None:
    assert workflow.may_withdraw(status) == (status not in workflow.CLOSED)


def test_every_status_can_be_reached_from_new() -> None:
    reached, frontier = set(), {Status.NEW}
    while frontier:
        reached |= frontier
        frontier = {step.to for status in frontier for step in workflow.STEPS[status]} - reached
    assert reached == set(Status)


def test_no_status_is_a_dead_end() -> None:
    assert all(workflow.STEPS[status] for status in Status)


def test_each_status_is_open_closed_or_set_aside_and_only_one_of_them() -> None:
    groups = [workflow.OPEN, workflow.CLOSED, workflow.SET_ASIDE]
    assert sorted(status for group in groups for status in group) == sorted(Status)


def test_what_waits_for_the_clinic_is_new_or_being_contacted() -> None:
    assert {Status.NEW, Status.CONTACTING} == workflow.WAITING
    assert workflow.WAITING < workflow.OPEN


@pytest.mark.parametrize("status", Status)
def test_the_buttons_of_a_status_are_different_words_to_different_places(status: Status) -> None:
    steps = workflow.STEPS[status]
    assert len({step.to for step in steps}) == len({step.button for step in steps}) == len(steps)


def test_every_status_has_a_name_of_its_own() -> None:
    assert len(set(workflow.NAMES.values())) == len(Status) == len(workflow.NAMES)
