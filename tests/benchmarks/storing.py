"""Requests stored per second by the served site, compared with a plain Django form, in one run.

The plain form (``plain_form.py``) has Django's default middleware, one row, the same durability and the same
server. Both get the same POST from the same clients: to the site it is the one that stores the request. The
server's processor time, which other load on the machine changes least, counts its workers for mail and
reminders, which run beside both. ``submit`` alone is compared with bare inserts.

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
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
ROUNDS = 7
SECONDS = 1.0  # of each measurement of a round
CLIENTS = 50
SECONDS_OF_CROWD = 8.0
ROUNDS_OF_CROWD = 3
PLAIN, SITE = "a plain Django form", "the site"
APPLICATIONS = {PLAIN: "tests.benchmarks.plain_form", SITE: "clinic_site.wsgi"}
# As in ``plain_form.Row``, which cannot be imported here: it has settings of its own.
PLAIN_COLUMNS = "patient_name varchar(120), phone varchar(30), email varchar(254), message text"
WANTED = "at least 0.4; p99 at most 2 s"


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
    with connection.cursor() as cursor:
        key = "integer PRIMARY KEY" if connection.vendor == "sqlite" else "bigserial PRIMARY KEY"
        cursor.execute(f"CREATE TABLE plain_form (id {key}, {PLAIN_COLUMNS})")
    crowds: dict[str, list[Crowd]] = {name: [] for name in APPLICATIONS}
    for _number in range(ROUNDS_OF_CROWD):
        for name, application in APPLICATIONS.items():
            crowds[name].append(crowd_at_the_server(application))
    report(each, crowds)


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


class Crowd(NamedTuple):
    rate: float  # confirmed a second
    cost: float  # processor time of the server for each, in milliseconds, without that of PostgreSQL
    seconds: list[float]  # of each press that was confirmed
    errors: int


def crowd_at_the_server(application: str) -> Crowd:
    """Let many clients send one request after the other to a real server."""
    from consultations.models import PrivacyNotice
    from tests.consultations.http_server import Patients, Server

    notice = PrivacyNotice.objects.current("en")
    assert notice
    server = Server(application=application)
    server.start()
    patients = Patients(server.port, notice.pk)
    try:
        patients.come(CLIENTS)
        time.sleep(2)  # until all of them have come, and each thread has its connection
        before, onset, spent_before = len(patients.seconds), time.perf_counter(), server.processor_seconds()
        time.sleep(SECONDS_OF_CROWD)
        seconds, spent = patients.seconds[before:], time.perf_counter() - onset
        cost = (server.processor_seconds() - spent_before) / max(1, len(seconds)) * 1000
        patients.leave()
    finally:
        server.kill()
    return Crowd(len(seconds) / spent, cost, seconds, len(patients.wrong))


def report(each: dict[str, list[float]], crowds: dict[str, list[Crowd]]) -> None:
    from django.db import connection

    print(f"\n{f'stored a second, {connection.display_name}':34}{'median':>9}{'min':>9}{'max':>9}")
    rates = {name: [crowd.rate for crowd in found] for name, found in crowds.items()}
    for name, of_rounds in (each | rates).items():
        median, least, most = statistics.median(of_rounds), min(of_rounds), max(of_rounds)
        print(f"{name:34}{median:9.1f}{least:9.1f}{most:9.1f}")
    show_ratios("services.submit : bare inserts", each["services.submit"], each["bare inserts"])
    show_ratios(f"{SITE} : {PLAIN}", rates[SITE], rates[PLAIN])
    costs = {name: [crowd.cost for crowd in found] for name, found in crowds.items()}
    show_ratios("by processor time", costs[PLAIN], costs[SITE])
    print(f"\n{f'{CLIENTS} clients at once, seconds':34}{'p50':>9}{'p99':>9}{'errors':>9}")
    for name, found in crowds.items():
        seconds = sorted(second for crowd in found for second in crowd.seconds)
        p50, p99 = (seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
        print(f"{name:34}{p50:9.2f}{p99:9.2f}{sum(crowd.errors for crowd in found):9}")
    print(f"to reach: {WANTED}. Load average {os.getloadavg()[0]:.1f} of {os.cpu_count()} cores", flush=True)


def show_ratios(name: str, ours: list[float], others: list[float]) -> None:
    ratios = [one / other for one, other in zip(ours, others, strict=True)]
    print(f"{name:34}{statistics.median(ratios):9.3f}{min(ratios):9.3f}{max(ratios):9.3f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        with tempfile.TemporaryDirectory(prefix="clinic-bench-") as temporary:
            compare(Path(temporary), os.environ.get("DATABASE_URL", ""))
