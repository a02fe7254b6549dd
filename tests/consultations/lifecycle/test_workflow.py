"""The workflow: every pair of statuses, against a table written by hand."""

from consultations import workflow
from consultations.workflow import Status

MAY_FOLLOW = {
    "new": {"contacting", "proposed", "confirmed", "declined", "withdrawn", "quarantined"},
    "held": {"new", "contacting", "proposed", "confirmed", "declined", "withdrawn", "quarantined"},
    "contacting": {
        *("proposed", "confirmed", "unreachable", "declined", "withdrawn", "new", "quarantined"),
    },
    "proposed": {"confirmed", "contacting", "unreachable", "declined", "withdrawn"},
    "confirmed": {"completed", "did_not_attend", "contacting", "declined", "withdrawn"},
    "completed": {"confirmed", "withdrawn"},
    "did_not_attend": {"contacting", "proposed", "confirmed", "completed"},
    "declined": {"contacting"},
    "withdrawn": {"contacting", "completed", "did_not_attend"},
    "unreachable": {"contacting"},
    "quarantined": {"new", "withdrawn"},
}
# Steps that depend on whether an agreed time has begun: those before, and those afterwards.
BEFORE = {
    "confirmed": {"contacting", "declined", "withdrawn"},
    "withdrawn": {"contacting"},
    "completed": {"confirmed"},
}
ONCE_BEGUN = {
    "confirmed": {"completed", "did_not_attend", "contacting", "withdrawn"},
    "withdrawn": {"completed", "did_not_attend"},
}


def test_every_pair_of_statuses_follows_the_table() -> None:
    for before in Status:
        for after in Status:
            expected = after.value in MAY_FOLLOW[before.value]
            assert workflow.may_follow(before, after) == expected, (before, after)
    for words in (("new", "lost"), ("lost", "new"), ("", ""), ("NEW", "declined")):
        assert not workflow.may_follow(*words), words


def test_attendance_is_recorded_only_once_the_appointment_has_begun() -> None:
    for status in Status:
        for has_begun, table in ((False, BEFORE), (True, ONCE_BEGUN)):
            possible = {step.to.value for step in workflow.STEPS[status] if step.is_possible(has_begun)}
            usual = MAY_FOLLOW[status.value] if not has_begun else set()
            assert possible == table.get(status.value, usual), (status, has_begun)


def test_undoing_attendance_after_withdrawal_leads_back_to_it() -> None:
    steps = workflow.STEPS[Status.COMPLETED]
    assert [step.to for step in steps if step.is_possible(False, had_withdrawn=True)] == [Status.WITHDRAWN]


def test_patient_may_withdraw_unless_closed() -> None:
    for status in Status:
        assert workflow.may_withdraw(status) == (status not in workflow.CLOSED), status


def test_every_status_is_reachable_and_no_dead_end() -> None:
    reachable, frontier = set(), {Status.NEW, Status.HELD}
    while frontier:
        reachable |= frontier
        frontier = {step.to for status in frontier for step in workflow.STEPS[status]} - reachable
    assert reachable == set(Status)
    assert all(workflow.STEPS.values())


def test_every_status_has_one_stage_a_unique_name_and_unique_buttons() -> None:
    stages = [workflow.OPEN, workflow.CLOSED, workflow.SET_ASIDE]
    assert sorted(status for stage in stages for status in stage) == sorted(Status)
    assert {Status.NEW, Status.HELD, Status.CONTACTING} == workflow.WAITING < workflow.OPEN
    assert len(set(workflow.NAMES.values())) == len(Status)
    for steps in workflow.STEPS.values():
        assert len({step.to for step in steps}) == len({step.button for step in steps}) == len(steps)


def test_every_finished_status_has_a_retention_time() -> None:
    assert set(workflow.RETENTION_MONTHS) == set(workflow.FINISHED) == set(Status) - workflow.OPEN
    assert all(months > 0 for months in workflow.RETENTION_MONTHS.values())
