"""Requests stored per second, compared with bare inserts of the same width and durability, in one run.

A bare insert is one row with the values of a stored request, in a table without any index, in a transaction
of its own, through the database's own driver. On SQLite all are IMMEDIATE, WAL, synchronous FULL.
``python -m tests.benchmarks.storing`` measures in a folder of its own, or in the database of DATABASE_URL
(``scripts/with-postgres`` gives an empty one; it runs without fsync, so its figures say nothing of a disk).
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 7
SECONDS = 1.0  # of each measurement of a round
CLIENTS = 50
SECONDS_OF_CROWD = 10.0


def compare(folder: Path, database: str = "") -> None:
    """Create a database in a folder, measure in another process, and print. Nothing is asserted."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"CLINIC_MODE": "local", "DATA_DIR": str(folder / "storing"), "LOG_LEVEL": "ERROR"}
    if database:
        environment["DATABASE_URL"] = database
    command = [sys.executable, "-m", "tests.benchmarks.storing", "measure"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)


def measure() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from tests.factories import a_request

    if connection.introspection.table_names():
        raise SystemExit("Requests are stored for the measurement: the database must be empty.")
    print(f"Preparing to store requests on {connection.display_name} …", flush=True)
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    bare = bare_inserts(a_request())
    each: dict[str, list[float]] = {"bare inserts": [], "services.submit": []}
    for number in range(ROUNDS + 1):
        for name, store in (("bare inserts", bare), ("services.submit", submit)):
            rate = rate_of(store)
            if number:  # the first only warms up
                each[name].append(rate)
    before = rate_of(bare)
    crowd, wrong = crowd_at_the_server()
    after = rate_of(bare)
    report(each, crowd, wrong, (before + after) / 2)


def bare_inserts(request: Any) -> Callable[[], None]:
    """Return a function that inserts one row as wide as a stored request, in its own transaction."""
    from django.db import connection

    table = request._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE TABLE bare AS SELECT * FROM {table} WHERE 1 = 0")  # noqa: S608 - our own table
        cursor.execute(f"SELECT * FROM {table}")  # noqa: S608
        row = [_for_driver(value) for value in cursor.fetchone()]
    is_sqlite = connection.vendor == "sqlite"
    begin, mark = ("BEGIN IMMEDIATE", "?") if is_sqlite else ("BEGIN", "%s")
    insert = f"INSERT INTO bare VALUES ({', '.join([mark] * len(row))})"  # noqa: S608
    driver: Any = connection.connection  # it commits by itself, but for what stands between BEGIN and COMMIT

    def store() -> None:
        driver.execute(begin)
        driver.execute(insert, row)
        driver.execute("COMMIT")

    return store


def _for_driver(value: Any) -> Any:
    """Lists are read of a JSON column; drivers write them as text."""
    return str(value) if isinstance(value, (list, dict)) else value


def submit() -> None:
    from consultations.intake import submission
    from tests.factories import a_submission

    submission.submit(a_submission())


def rate_of(store: Callable[[], None]) -> float:
    """Return how often per second ``store`` runs, one call after the other."""
    done, started = 0, time.perf_counter()
    while (spent := time.perf_counter() - started) < SECONDS:
        store()
        done += 1
    return done / spent


def crowd_at_the_server() -> tuple[float, int]:
    """Return the requests per second that the real server confirms to many clients, and the errors."""
    from consultations.models import PrivacyNotice
    from tests.consultations.http_server import Patients, Server

    notice = PrivacyNotice.objects.current("en")
    assert notice
    server = Server()
    server.start()
    patients = Patients(server.port, notice.pk)
    try:
        patients.come(CLIENTS)
        time.sleep(1)  # until all of them have come
        before, onset = len(patients.confirmed), time.perf_counter()
        time.sleep(SECONDS_OF_CROWD)
        confirmed, spent = len(patients.confirmed) - before, time.perf_counter() - onset
        patients.leave()
    finally:
        server.kill()
    return confirmed / spent, len(patients.wrong)


def report(each: dict[str, list[float]], crowd: float, wrong: int, bare_meanwhile: float) -> None:
    from django.db import connection

    print(f"\n{f'stored a second, {connection.display_name}':34}{'median':>9}{'min':>9}{'max':>9}")
    for name, rates in each.items():
        print(f"{name:34}{statistics.median(rates):9.1f}{min(rates):9.1f}{max(rates):9.1f}")
    print(f"{f'the server, {CLIENTS} clients at once':34}{crowd:9.1f}   errors: {wrong}")
    pairs = zip(each["services.submit"], each["bare inserts"], strict=True)
    ratios = [ours / bare for ours, bare in pairs]
    print(f"{'services.submit : bare inserts':34}{statistics.median(ratios):9.3f}", end="")
    print(f"{min(ratios):9.3f}{max(ratios):9.3f}")
    print(f"{'the server : bare inserts':34}{crowd / bare_meanwhile:9.3f}")
    print(f"load average {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        with tempfile.TemporaryDirectory(prefix="clinic-bench-") as temporary:
            compare(Path(temporary), os.environ.get("DATABASE_URL", ""))
