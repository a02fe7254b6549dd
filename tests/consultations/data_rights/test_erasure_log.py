"""The erasure log survives power cuts and restores, and erases no other request."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from clinic_site.operations import readiness
from consultations.data_rights import erasure, erasure_log
from consultations.data_rights.erasure_log import Erasure
from consultations.models import ConsultationRequest, Event
from consultations.references import new_reference
from tests.factories import a_request

pytestmark = pytest.mark.django_db


def entry(request: ConsultationRequest | None = None) -> Erasure:
    return Erasure(timezone.now(), request.reference if request else new_reference())


def line(request: ConsultationRequest) -> str:
    return f"{timezone.now().isoformat()} {request.reference}\n"


def replayed(*ledgers: Path) -> str:
    said = StringIO()
    call_command("replay_erasures", *ledgers, stdout=said, stderr=said)
    return said.getvalue()


def test_missing_log_is_empty_or_named(tmp_path: Path) -> None:
    assert erasure_log.read().erasures == ()
    erasure.require_replayed()
    assert "Requests erased again: 0." in replayed()
    with pytest.raises(CommandError, match="no such file"):
        replayed(tmp_path / "nowhere.log")


def test_incomplete_line_costs_no_other(settings: Any) -> None:
    first, second = entry(), entry()
    erasure_log.append([first])
    with settings.ERASURE_LEDGER.open("a") as file:
        file.write("\n2026-11-2")
    erasure_log.append([second])
    assert erasure_log.read() == ((first, second), 1)


def test_concurrent_appends_leave_whole_lines() -> None:
    entries = [entry() for _ in range(200)]
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda start: erasure_log.append(entries[start : start + 5]), range(0, 200, 5)))
    log = erasure_log.read()
    assert set(log.erasures) == set(entries) and log.unreadable == 0


def test_unreadable_lines_are_counted_and_ignored(settings: Any) -> None:
    unreadable = [
        b"\xff\xfe",
        b"yesterday MS-7K4Q-92XD",
        b"2026-99-99T00:00:00+00:00 MS-7K4Q-92XD",
        b"x" * 100000,
        b"2026-11-22T10:00:00 MS-7K4Q-92XD",
        b"2026-11-22T10:00:00+00:00 ' OR 1=1",
        b"\x00",
        b"MS-7K4Q-92XD",
    ]
    settings.ERASURE_LEDGER.write_bytes(b"\n".join([*unreadable, line(a_request()).encode()]))
    said = replayed()
    assert "Requests erased again: 1." in said
    assert f"ignored: {len(unreadable)}." in said


def test_replay_writes_event_and_is_idempotent() -> None:
    request = a_request()
    erasure_log.append([entry(request)])
    # The readiness check reads the end of a long log only.
    erasure_log.append([entry() for _ in range(90)])
    assert "erasures" in readiness.failed_checks(settings.READINESS_CHECKS)
    assert "Requests erased again: 1." in replayed()
    assert "Requests erased again: 0." in replayed()
    assert "erasures" not in readiness.failed_checks(settings.READINESS_CHECKS)
    event = Event.objects.get(kind="erased")
    assert (event.actor, event.detail) == (None, {"why": "restored"})
    assert len(erasure_log.read().erasures) == 91


def test_younger_request_with_same_reference_is_kept() -> None:
    request = a_request()
    erasure_log.append([Erasure(request.created_at - timedelta(days=1), request.reference)])
    erasure.require_replayed()
    assert "Requests erased again: 0." in replayed()
    request.refresh_from_db()
    assert request.patient_name


def test_replay_copies_entries_of_other_logs(tmp_path: Path) -> None:
    known, new = a_request(), a_request()
    erasure_log.append([entry(known)])
    other = tmp_path / "other.log"
    other.write_text(line(known) + line(new))
    assert "Requests erased again: 2." in replayed(other)
    assert [one.reference for one in erasure_log.read().erasures] == [known.reference, new.reference]
