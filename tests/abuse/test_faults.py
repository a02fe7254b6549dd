"""The real server while the database, the disk, the mail server or a worker process fails.

Patients press "Send" until they have an answer. Afterwards each form is stored exactly once, although nobody
helped. ``make test-abuse`` runs it for longer and prints the figures.
"""

import os
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, connections
from django.urls import reverse
from django.utils import timezone

from clinic_site.mail.models import OutgoingMessage
from clinic_site.mail.worker import RETRY_PAUSES
from clinic_site.operations.readiness import MIN_FREE_BYTES
from consultations.models import ConsultationRequest, PrivacyNotice
from tests.abuse import attackers
from tests.conftest import load_sample_content
from tests.consultations.http_server import Patients, Server
from tests.mail.smtp_server import MailServer

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CLIENTS = 12
FAULT_SECONDS = min(30.0, float(os.environ.get("ABUSE_SECONDS", "10")) * 0.8)
# `make test-abuse` runs alone. Five seconds are still less than the fault lasts.
MAX_ANSWER_SECONDS = 1.0 if "ABUSE_SECONDS" in os.environ else 5.0
MAX_RECOVERY_SECONDS = 60.0
# A mail that met no server is tried again after a minute.
MAX_MAIL_SECONDS = 300.0
EMERGENCY = "procedures:emergency"

on_sqlite = pytest.mark.skipif("connection.vendor != 'sqlite'", reason="only SQLite locks its whole file")


@pytest.fixture
def notice() -> int:
    load_sample_content()
    found = PrivacyNotice.objects.current("en")
    assert found
    return found.pk


@contextmanager
def patients_at(
    server: Server,
    notice: int,
    probes: tuple[str, ...],
    clients: int = CLIENTS,
    pause_seconds: float = 0.0,
) -> Iterator["Watch"]:
    """Patients come, something fails within, and everybody finishes the form in hand."""
    server.start()
    try:
        patients = Patients(server.port, notice, pause_seconds=pause_seconds)
        watch = Watch(server, patients, probes)
        for probe in probes:
            watch.ask(probe)  # so that there is a copy of each page
        watch.answers.clear()
        patients.come(clients)
        time.sleep(1.5)
        yield watch
        ended = time.monotonic()
        while watch.ask("/readyz")[0] != 200:
            assert time.monotonic() < ended + MAX_RECOVERY_SECONDS, "the server never became ready again"
            time.sleep(0.1)
        watch.recovered_in = time.monotonic() - ended
        patients.leave()
    finally:
        server.kill()
    watch.report()


class Watch:
    def __init__(self, server: Server, patients: Patients, probes: tuple[str, ...]) -> None:
        self.server, self.patients, self.probes = server, patients, probes
        self.answers: list[tuple[str, int, float]] = []
        self.recovered_in = 0.0

    def ask(self, path: str) -> tuple[int, float]:
        status, seconds = attackers.ask(self.server.port, "GET", path)
        self.answers.append((path, status, seconds))
        return status, seconds

    def probe_for(self, seconds: float, meanwhile: Callable[[], object] = lambda: None) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for path in self.probes:
                self.ask(path)
            meanwhile()
            time.sleep(0.2)

    def statuses(self, path: str) -> set[int]:
        return {status for asked, status, _seconds in self.answers if asked == path}

    def slowest(self, *paths: str) -> float:
        return max(seconds for path, _status, seconds in self.answers if path in paths)

    def report(self) -> None:
        patients, counts = self.patients, dict(Counter(self.patients.wrong))
        print(f"\n{os.environ['PYTEST_CURRENT_TEST'].split('::')[1]}, {connection.vendor}:")  # noqa: T201 - figures
        print(f"confirmed {len(patients.confirmed)}, other answers {counts}, cut off {patients.cut_off}")  # noqa: T201
        print(f"ready {self.recovered_in:.1f} s after the fault, load {os.getloadavg()[0]:.1f}")  # noqa: T201
        for path in dict.fromkeys(path for path, _status, _seconds in self.answers):
            print(f"{path}: {sorted(self.statuses(path))}, slowest {self.slowest(path):.2f} s")  # noqa: T201

    def require_clear_answers(self) -> None:
        """Patients met the fault, read a page that says what to do (503), and were confirmed in the end."""
        assert {*self.patients.wrong} == {"503"}
        assert len(self.patients.confirmed) == len(self.patients.sent)


def require_stored_once(patients: Patients, hashes: list[str]) -> None:
    assert sorted(hashes) == sorted(patients.sent), "lost or doubled"
    print(f"stored {len(hashes)}: none lost, none doubled")  # noqa: T201


def stored_hashes() -> list[str]:
    return [*ConsultationRequest.objects.values_list("key_hash", flat=True)]


@on_sqlite
def test_locked_database_leaves_pages_and_loses_nothing(notice: int) -> None:
    unknown = reverse("consultations:private", args=["no-such-token"])
    pages = ("/healthz", "/", reverse(EMERGENCY))
    with patients_at(Server(), notice, (*pages, unknown)) as watch:
        other = sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        watch.probe_for(FAULT_SECONDS)
        other.execute("ROLLBACK")
        other.close()
    watch.require_clear_answers()
    for page in pages:
        assert watch.statuses(page) == {200}
    assert watch.statuses(unknown) <= {404, 429}
    assert watch.slowest(*pages) <= MAX_ANSWER_SECONDS
    require_stored_once(watch.patients, stored_hashes())


@on_sqlite
def test_full_disk_is_not_ready_and_loses_nothing(notice: int, settings: Any, tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", MIN_FREE_BYTES + 40 * 1024 * 1024) as disk:
        shutil.copytree(settings.STATIC_ROOT, disk / "static")
        database = disk / "clinic.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(database)])
        server = Server(DATA_DIR=str(disk), DATABASE_URL=f"sqlite:///{database}")
        pages = ("/", reverse(EMERGENCY), "/readyz")
        with patients_at(server, notice, pages) as watch:
            assert watch.ask("/readyz")[0] == 200
            watch.answers.clear()
            watch.probe_for(FAULT_SECONDS / 2, lambda: fill(disk / "filler"))
            assert watch.ask("/readyz")[0] == 503
            (disk / "filler").unlink()
        watch.require_clear_answers()
        assert watch.statuses("/") == watch.statuses(reverse(EMERGENCY)) == {200}
        with sqlite3.connect(database) as copy:
            assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = copy.execute(f"SELECT key_hash FROM {ConsultationRequest._meta.db_table}")  # noqa: S608
        hashes = [row[0] for row in rows]
        require_stored_once(watch.patients, hashes)


@pytest.mark.skipif("connection.vendor != 'postgresql'", reason="there is no PostgreSQL server to stop")
@pytest.mark.skipif("PYTEST_XDIST_WORKER" in os.environ, reason="other tests use the server that this stops")
def test_stopped_database_leaves_pages_and_loses_nothing(notice: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SHOW data_directory")
        folder = Path(cursor.fetchone()[0])
    pages = ("/healthz", "/", reverse(EMERGENCY), "/readyz")
    with patients_at(Server(), notice, pages) as watch:
        connections.close_all()
        options = shlex.split((folder / "postmaster.opts").read_text())[1:]
        pg_ctl(folder, "-m", "immediate", "stop")
        try:
            watch.answers.clear()
            watch.probe_for(FAULT_SECONDS)
            assert watch.statuses("/readyz") == {503}
        finally:
            pg_ctl(folder, "-w", "-l", str(folder / "log-again"), "-o", shlex.join(options), "start")
    watch.require_clear_answers()
    for page in ("/healthz", "/", reverse(EMERGENCY)):
        assert watch.statuses(page) == {200}
    assert watch.slowest("/healthz", "/", reverse(EMERGENCY)) <= MAX_ANSWER_SECONDS
    require_stored_once(watch.patients, stored_hashes())


def test_killed_workers_lose_nothing(notice: int) -> None:
    pages = ("/healthz", "/", "/readyz")
    killed: list[int] = []
    with patients_at(Server(), notice, ()) as watch:
        watch.probes = pages
        watch.probe_for(FAULT_SECONDS / 2, lambda: killed.extend(kill_one_worker(watch.server)))
        assert len(killed) > 1 and watch.patients.cut_off
    print(f"killed {len(killed)}")  # noqa: T201
    assert watch.patients.wrong == []
    assert len(watch.patients.confirmed) == len(watch.patients.sent)
    assert all({200} <= watch.statuses(page) <= {0, 200} for page in pages)
    require_stored_once(watch.patients, stored_hashes())


def test_silent_mail_server_delays_no_page_and_loses_no_mail(notice: int) -> None:
    mail = MailServer()
    server = Server(EMAIL_URL=f"smtp://127.0.0.1:{mail.port}", STAFF_MAIL="desk@clinic.example")
    pages = ("/healthz", "/", "/readyz")
    with (
        socket.create_server(("127.0.0.1", mail.port)) as silent,
        patients_at(server, notice, pages, clients=1, pause_seconds=0.1) as watch,  # each request is a mail
    ):
        silent.settimeout(MAX_RECOVERY_SECONDS)
        watch.patients.leave()
        waiting, _address = silent.accept()  # the mail worker has a message, and waits for a greeting
        watch.patients.stop.clear()
        watch.patients.come(1)
        watch.probe_for(1)
        watch.patients.leave()
        waiting.close()
        silent.close()
        queued, unannounced = OutgoingMessage.objects.all(), ConsultationRequest.objects.unannounced()
        assert queued.count() + unannounced.count() == len(watch.patients.sent)
        assert not queued.exclude(sent_at=None).exists()
        mail.start()
        since = time.monotonic()
        try:
            while unannounced.exists() or queued.filter(sent_at=None).exists():
                if "ABUSE_SECONDS" not in os.environ:
                    # For a short test: those that wait for their next attempt, not one that is being sent.
                    now = timezone.now()
                    queued.due(now + RETRY_PAUSES[0]).filter(next_attempt_at__gt=now).update(
                        next_attempt_at=now
                    )
                assert time.monotonic() < since + MAX_MAIL_SECONDS, "mail is still waiting"
                watch.probe_for(0.5)
        finally:
            mail.stop()
    print(f"{queued.count()} mails arrived within {time.monotonic() - since:.0f} s")  # noqa: T201
    assert watch.patients.wrong == []
    assert all(watch.statuses(page) == {200} for page in pages)
    assert watch.slowest(*pages) <= MAX_ANSWER_SECONDS
    assert len(mail.copies) == queued.count() == len(watch.patients.sent)
    assert {*mail.copies.values()} == {1}
    require_stored_once(watch.patients, stored_hashes())


@contextmanager
def small_disk(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small disk can only be mounted by root")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def fill(path: Path) -> None:
    """Write until there is no room left."""
    with suppress(OSError), path.open("ab", buffering=0) as file:
        while True:
            file.write(b"x" * 65536)


def pg_ctl(folder: Path, *arguments: str) -> None:
    program = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))[-1]
    as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    command = [*as_postgres, str(program), "-D", str(folder), *arguments]
    subprocess.run(command, cwd=folder.parent, stdout=subprocess.DEVNULL, check=True)


def kill_one_worker(server: Server) -> Iterator[int]:
    """Kill a process that serves pages, not the one that sends mail: systemd would start that again."""
    assert server.process
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for child in children:
        with suppress(OSError):
            if b"manage.py" not in Path(f"/proc/{child}/cmdline").read_bytes():
                os.kill(int(child), signal.SIGKILL)
                yield int(child)
                break
    time.sleep(1)
