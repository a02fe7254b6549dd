"""The staff queue with a thousand and with a hundred thousand requests: the same pages, measured in turn.

The number of open requests is the same at both sizes, because staff can only work on so few.
``python -m tests.benchmarks.queue`` makes both databases and compares them. ``… serve COUNT`` makes the
database in DATA_DIR, then prints a line of milliseconds for each line that it reads.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = (1_000, 100_000)
GOAL = 1.5
ROUNDS = 30
BATCH = 5_000

FIRST = ("Ayesha", "Bilal", "Fatima", "Hassan", "Zainab", "Usman", "Maryam", "Ali", "Sana", "Imran")
LAST = ("Khan", "Ahmed", "Malik", "Butt", "Raza", "Chaudhry", "Siddiqui", "Qureshi", "Mirza", "Shah")
# One request has this name, at any size; of the other there is a page full even in the small table.
RARE, FREQUENT = "Ramisha Feroze", "Muhammad Khan"


class Asked(NamedTuple):
    name: str
    path: str
    search: str = ""


# Each fills a page of fifty rows at both sizes, or shows one row at both: what is drawn is the same.
PAGES = (
    Asked("the queue", "/staff/requests/"),
    Asked("completed", "/staff/requests/?tab=completed"),
    Asked("the index", "/staff/"),
    Asked("search: a rare name", "/staff/requests/found/", RARE),
    Asked("search: a phone", "/staff/requests/found/", "0333 0000500"),
    Asked("search: a common name", "/staff/requests/found/", "khan"),
    Asked("search: two of them", "/staff/requests/found/", FREQUENT),
)


def compare(folder: Path) -> None:
    """Create the databases in a folder, measure, and print medians and ratios. Nothing is asserted."""
    print("Preparing {:,} and {:,} requests …".format(*SIZES), flush=True)
    programs = [_program(size, folder / f"queue-{size}") for size in SIZES]
    results: list[list[list[float]]] = [[] for _ in SIZES]
    for number in range(ROUNDS + 1):
        for of_size, process in zip(results, programs, strict=True):
            times = _ask(process)
            if number:  # the first only warms up
                of_size.append(times)
    for process in programs:
        process.communicate()
    few, many = ([statistics.median(times) for times in zip(*of_size, strict=True)] for of_size in results)
    sizes = "".join(f"{f'{size:,}':>12}" for size in SIZES)
    print(f"\n{'milliseconds, median':26}{sizes}{'ratio':>8}  at most {GOAL}")
    for page, small, big in zip(PAGES, few, many, strict=True):
        print(f"{page.name:26}{small:12.1f}{big:12.1f}{big / small:8.2f}")


def _program(size: int, place: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"CLINIC_MODE": "local", "DATA_DIR": str(place), "LOG_LEVEL": "ERROR"}
    return subprocess.Popen(
        [sys.executable, "-m", "tests.benchmarks.queue", "serve", str(size)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _ask(process: subprocess.Popen[str]) -> list[float]:
    assert process.stdin and process.stdout
    process.stdin.write("\n")
    process.stdin.flush()
    answer = process.stdout.readline()
    if not answer:
        raise SystemExit("The measuring process ended.")
    return [float(time) for time in answer.split()]


def serve(size: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    from clinic_site.wsgi import application  # noqa: F401  (sets Django up)
    from clinic_site.accounts.roles import COORDINATOR
    from django.core.management import call_command
    from django.test import Client
    from tests.factories import staff

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    fill(size)
    client = Client(SERVER_NAME="localhost")
    client.force_login(staff(COORDINATOR))
    for _line in sys.stdin:
        print(*(f"{_milliseconds(client, page):.3f}" for page in PAGES), flush=True)


def _milliseconds(client: Any, page: Asked) -> float:
    begun = perf_counter()
    if page.search:
        response = client.post(page.path, {"text": page.search}, follow=True)
    else:
        response = client.get(page.path)
    if response.status_code != 200:
        raise RuntimeError(f"status {response.status_code}")
    return (perf_counter() - begun) * 1000


def fill(size: int) -> None:
    from consultations.models import ConsultationRequest, SearchTerm
    from consultations.models.search_terms import terms_of

    rows = _requests(size)
    while batch := list(islice(rows, BATCH)):
        SearchTerm.objects.bulk_create(
            SearchTerm(request=request, term=term)
            for request in ConsultationRequest.objects.bulk_create(batch)
            for term in sorted(terms_of(request.reference, request))
        )


def _requests(size: int) -> Iterator[Any]:
    """Copies of one request with other names, times and statuses, the newest open."""
    from copy import copy
    from datetime import timedelta

    from consultations.references import ALPHABET
    from consultations.workflow import CLOSED, Status
    from tests.factories import a_request

    model = a_request()
    waiting = {Status.NEW: 120, Status.CONTACTING: 120, Status.PROPOSED: 80, Status.CONFIRMED: 80}
    statuses = [status for status, count in waiting.items() for _ in range(count)]
    statuses += [Status.QUARANTINED] * 100
    closed = sorted(CLOSED)
    for number in range(1, size):
        request, age = copy(model), size - number - 1
        digits = [ALPHABET[number // len(ALPHABET) ** place % len(ALPHABET)] for place in range(8)]
        request.pk, request.key_hash = None, f"{number:064}"
        request.reference = f"MS-{''.join(digits[:4])}-{''.join(digits[4:])}"
        request.status = statuses[age] if age < len(statuses) else closed[number % len(closed)]
        name = f"{FIRST[number % 10]} {LAST[number // 10 % 10]}"
        request.patient_name = RARE if number == 500 else FREQUENT if number % 12 == 5 else name
        request.phone = "+923330000500" if number == 500 else f"+92300{number * 7_368_787 % 10_000_000:07}"
        request.onset = number % 7 + 1
        request.created_at = request.status_changed_at = model.created_at - timedelta(minutes=10 * age)
        request.promised_by = request.created_at + timedelta(days=1)
        yield request


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        serve(int(sys.argv[2]))
    else:
        with tempfile.TemporaryDirectory(prefix="clinic-bench-") as temporary:
            compare(Path(temporary))
