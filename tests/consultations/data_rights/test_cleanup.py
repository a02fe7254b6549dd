"""Cleanup of expired data: dry run, deletion, concurrency and interruption."""

import os
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from clinic_site.core.models import RateLimitCounter
from clinic_site.mail import queue as mail_queue
from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import cleanup
from clinic_site.operations.cleanup import Task
from consultations import workflow
from consultations.data_rights import erasure, erasure_log, retention
from consultations.intake import file_storage
from consultations.models import Attachment, ConsultationRequest, Event, Presence, RetentionRule
from tests.concurrency import in_threads
from tests.consultations.data_rights.erasure_helpers import CLEAN, personal_details_left, request_with_traces
from tests.factories import a_request, staff

pytestmark = pytest.mark.django_db

YEARS_AGO = timezone.now() - timedelta(days=1500)


def cleanup_report(*options: str) -> dict[str, str]:
    """Return the counts of the report by task."""
    said = StringIO()
    call_command("cleanup", *options, stdout=said)
    lines = [line.strip().partition("  ") for line in said.getvalue().splitlines()]
    return {name: count for count, _space, name in lines if name}


def closed(status: str, days_ago: int) -> ConsultationRequest:
    return a_request(status=status, created_at=timezone.now() - timedelta(days=days_ago))


def is_erased(request: ConsultationRequest) -> bool:
    request.refresh_from_db()
    return request.erased_at is not None


def things_that_have_expired() -> ConsultationRequest:
    long_ago = timezone.now() - timedelta(days=60)
    request = closed("completed", 1500)
    Presence.objects.create(request=request, user=staff(), opened_at=long_ago, seen_at=long_ago)
    Session.objects.create(session_key="old", session_data="", expire_date=long_ago)
    RateLimitCounter.objects.create(scope="x", subject="y", count=1, ends_at=long_ago)
    with transaction.atomic():
        mail_queue.queue("a@example.com", "Subject", "Text", kind="test")
    OutgoingMessage.objects.filter(kind="test").update(sent_at=long_ago)
    orphan = file_storage.store(CLEAN)
    for name in (orphan.name, orphan.thumbnail_name):
        path = file_storage._path(name)
        os.utime(path, (long_ago.timestamp(), long_ago.timestamp()))
    return request


EXPIRED = {
    "Details of closed requests: Completed": "1",
    "Files that belong to no request": "2",
    "Records of who had a request open": "1",
    "Expired sessions": "1",
    "Expired rate-limit counters": "1",
    "Messages that were sent or handled": "1",
}


def test_cleanup_deletes_expired_data_and_a_dry_run_nothing(
    settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    request = things_that_have_expired()
    for _turn in range(2):
        assert {name: count for name, count in cleanup_report().items() if count not in ("", "0")} == EXPIRED
    assert not is_erased(request) and not erasure_log.read().erasures
    report = cleanup_report("--now")
    # The record of who had it open is deleted with the request.
    gone = {name: count for name, count in report.items() if count != "0"}
    assert gone | {"Records of who had a request open": "1"} == EXPIRED
    assert set(cleanup_report("--now").values()) == {"0"}
    assert not (Session.objects.exists() or RateLimitCounter.objects.exists() or Attachment.objects.exists())
    assert not [path for path in settings.PRIVATE_ROOT.rglob("*") if path.is_file()]
    said = str(report) + "".join(capsys.readouterr())
    assert not [word for word in (request.reference, "Ayesha", "3012345678") if word in said]


def test_each_finished_status_has_its_own_retention(monkeypatch: pytest.MonkeyPatch) -> None:
    retention_months = {status: 2 * number for number, status in enumerate(workflow.FINISHED, 1)}
    monkeypatch.setattr(workflow, "RETENTION_MONTHS", retention_months)
    young = [closed(status, months * 30 - 5) for status, months in retention_months.items()]
    old = [closed(status, months * 31 + 5) for status, months in retention_months.items()]
    cleanup_report("--now")
    assert [is_erased(request) for request in young] == [False] * len(workflow.FINISHED)
    assert [is_erased(request) for request in old] == [True] * len(workflow.FINISHED)


def test_retention_rule_overrides_default() -> None:
    RetentionRule.objects.create(status="completed", months=1)
    RetentionRule.objects.create(status="declined", months=240)
    soon, late = closed("completed", 40), closed("declined", 2000)
    cleanup_report("--now")
    assert is_erased(soon) and not is_erased(late)


def test_open_and_reopened_requests_are_never_erased_by_cleanup() -> None:
    # Not even by a rule that no form accepts.
    RetentionRule.objects.bulk_create(RetentionRule(status=status, months=1) for status in workflow.OPEN)
    reopened = closed("unreachable", 1500)
    ConsultationRequest.objects.update(status="contacting", status_changed_at=timezone.now())
    requests = [reopened, *(closed(status, 5000) for status in sorted(workflow.OPEN))]
    cleanup_report("--now")
    for request in requests:
        assert not is_erased(request)
        assert not erasure.erase_expired(request, timezone.now())


def test_expired_request_is_erased_without_actor(django_capture_on_commit_callbacks: Any) -> None:
    request = request_with_traces(staff())
    ConsultationRequest.objects.update(status="completed", status_changed_at=YEARS_AGO, created_at=YEARS_AGO)
    with django_capture_on_commit_callbacks(execute=True):
        cleanup_report("--now")
    assert personal_details_left() == []
    event = Event.objects.get(kind="erased")
    assert (event.actor, event.detail) == (None, {"why": "retention"})
    assert [one.reference for one in erasure_log.read().erasures] == [request.reference]


@pytest.mark.django_db(transaction=True)
def test_concurrent_cleanup_erases_once() -> None:
    for _number in range(12):
        closed("withdrawn", 1500)

    def run() -> int:
        return int(cleanup_report("--now")["Details of closed requests: Withdrawn by the patient"])

    assert sum(in_threads(run, run, run)) == 12
    assert Event.objects.filter(kind="erased").count() == len(erasure_log.read().erasures) == 12


def test_interrupted_cleanup_continues(monkeypatch: pytest.MonkeyPatch) -> None:
    for _number in range(3):
        closed("withdrawn", 1500)
    whole = erasure.erase_expired
    turns = iter([True, False])

    def killed(request: ConsultationRequest, now: datetime) -> bool:
        if not next(turns):
            raise KeyboardInterrupt
        return whole(request, now)

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "erase_expired", killed)
        with pytest.raises(KeyboardInterrupt):
            cleanup_report("--now")
    assert ConsultationRequest.objects.filter(erased_at=None).count() == 2
    cleanup_report("--now")
    assert not ConsultationRequest.objects.filter(erased_at=None).exists()


def test_failed_task_is_reported_and_stops_no_other(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    done: list[str] = []

    def fail(now: datetime) -> int:
        raise OSError("full")

    tasks = [Task("First", fail, fail), Task("Second", lambda now: 1, lambda now: len(done))]
    monkeypatch.setattr(cleanup, "site_tasks", lambda: tasks)
    settings.CLEANUP_TASKS = ["clinic_site.operations.cleanup.site_tasks"]
    said = StringIO()
    with pytest.raises(CommandError, match="First"):
        call_command("cleanup", "--now", stdout=said)
    assert "failed  First" in said.getvalue() and "0  Second" in said.getvalue()


def test_months_before_follows_calendar() -> None:
    for now, months, then in (
        ("2026-03-31", 1, "2026-02-28"),
        ("2028-03-31", 1, "2028-02-29"),
        ("2026-11-22", 12, "2025-11-22"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 240, "2006-12-31"),
        ("2026-01-31", 13, "2024-12-31"),
    ):
        moment = datetime.fromisoformat(f"{now}T10:00").replace(tzinfo=UTC)
        assert f"{retention.months_before(moment, months):%Y-%m-%d}" == then


def test_retention_is_the_default_or_a_rule() -> None:
    assert retention.retention_months() == workflow.RETENTION_MONTHS
    RetentionRule.objects.create(status="declined", months=1)
    assert retention.retention_months() == workflow.RETENTION_MONTHS | {"declined": 1}
