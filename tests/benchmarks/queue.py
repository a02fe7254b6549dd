"""The staff queue with a thousand and with a million requests: the same pages, measured in turn.

``python -m tests.benchmarks.queue`` makes both databases and compares them; with ``measure`` it serves the
database in DATA_DIR, one line of milliseconds for each line that it reads.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
SIZES = (1_000, 1_000_000)
GOAL = 1.5
ROUNDS = 30


class Asked(NamedTuple):
    name: str
    path: str
    search: str = ""


# Each fills a page of fifty rows at both sizes, or shows one row at both: what is drawn is the same.
PAGES = (
    Asked("the queue", "/staff/requests/"),
    Asked("completed", "/staff/requests/?tab=completed"),
    Asked("the index", "/staff/"),
    Asked("search: a rare name", "/staff/requests/found/", "Ramisha Feroze"),
    Asked("search: a phone", "/staff/requests/found/", "0333 0000500"),
    Asked("search: a common name", "/staff/requests/found/", "khan"),
    Asked("search: two of them", "/staff/requests/found/", "muhammad khan"),
)


def compare(folder: Path) -> None:
    """Create the databases in a folder, measure, and print medians and ratios. Nothing is asserted."""
    asked = []
    for size in SIZES:
        place = folder / f"queue-{size}"
        print(f"Preparing {size:,} requests …", flush=True)
        if not place.exists():
            _program("tests.benchmarks.queue_data", str(size), place=place).communicate()
        asked.append(_program("tests.benchmarks.queue", "measure", place=place))
    results: list[list[list[float]]] = [[] for _ in SIZES]
    for number in range(ROUNDS + 1):
        for of_size, process in zip(results, asked, strict=True):
            times = _ask(process)
            if number:  # the first only warms up
                of_size.append(times)
    for process in asked:
        process.communicate()
    _report(results)


def _program(module: str, *arguments: str, place: Path) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    environment |= {"CLINIC_MODE": "local", "DATA_DIR": str(place), "LOG_LEVEL": "ERROR"}
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
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


def _report(results: list[list[list[float]]]) -> None:
    few, many = ([statistics.median(times) for times in zip(*of_size, strict=True)] for of_size in results)
    sizes = "".join(f"{f'{size:,}':>12}" for size in SIZES)
    print(f"\n{'milliseconds, median':26}{sizes}{'ratio':>8}  at most {GOAL}")
    for page, small, big in zip(PAGES, few, many, strict=True):
        print(f"{page.name:26}{small:12.1f}{big:12.1f}{big / small:8.2f}")


def measure() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
    from clinic_site.wsgi import application  # noqa: F401  (sets Django up)
    from clinic_site.accounts.models import User
    from django.test import Client

    client = Client(SERVER_NAME="localhost")
    client.force_login(User.objects.get())
    for _line in sys.stdin:
        print(*(f"{_milliseconds(_opens(client, page)):.3f}" for page in PAGES), flush=True)


def _opens(client: object, page: Asked) -> Callable[[], int]:
    if page.search:
        sent = {"text": page.search}
        return lambda: client.post(page.path, sent, follow=True).status_code  # type: ignore[attr-defined]
    return lambda: client.get(page.path).status_code  # type: ignore[attr-defined]


def _milliseconds(ask: Callable[[], int]) -> float:
    from time import perf_counter

    onset = perf_counter()
    status = ask()
    spent = perf_counter() - onset
    if status != 200:
        raise RuntimeError(f"status {status}")
    return spent * 1000


if __name__ == "__main__":
    if sys.argv[1:] == ["measure"]:
        measure()
    else:
        with tempfile.TemporaryDirectory(prefix="clinic-bench-") as temporary:
            compare(Path(temporary))
