"""Measure the overview, interleaved in one run, and print medians and ratios. Nothing is asserted.

Every application runs on the same server with the site's own settings, on the loopback. Warm pages and 304
are requested over several connections at once; cold pages over one, from a server whose page cache is off.
The server's processor time per request is printed too: other load on the machine changes it least.
"""

import argparse
import contextlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple

from tests.benchmarks import queue, storing, through_nginx
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
# With 16 the overview shows as many as it ever does, twelve cards; with 4 it is a shorter page.
PROCEDURES = (4, 16, 400)
SITE = "clinic_site.wsgi:application"
UNCACHED = "tests.benchmarks.uncached"
# Name, what it is compared with, the ratio to reach.
COMPARISONS = (
    ("warm, 4 procedures", "hello, no middleware", "0.9"),
    ("304", "hello, no middleware", "0.9"),
    ("warm, 400 procedures", "warm, 4 procedures", "0.9"),
    ("warm, in Urdu", "warm, 4 procedures", "0.9"),
    ("cold, 400 procedures", "cold, 4 procedures", "0.9 (a page of 12 cards : one of 4)"),
    ("cold, 400 procedures", "cold, 16 procedures", "0.9 (both of 12)"),
)


class Result(NamedTuple):
    rate: float  # requests a second
    cost: float  # the server's processor time for one of them, in microseconds


class Server(NamedTuple):
    port: int
    process: int

    def spent(self) -> float:
        """The processor time, in seconds, of its processes so far."""
        ticks = 0
        for child in Path(f"/proc/{self.process}/task/{self.process}/children").read_text().split():
            # After the name, which may hold anything: user and system time are the 12th and 13th.
            fields = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")


Measure = Callable[[], Result]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=float, default=1, help="of each warm measurement (default 1)")
    parser.add_argument("--cold", type=int, default=15, help="cold pages a round (default 15)")
    parser.add_argument("--connections", type=int, default=8)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder, contextlib.ExitStack() as servers:
        data = {count: Path(folder) / str(count) for count in PROCEDURES}
        for count, place in data.items():
            print(f"Preparing a site with {count} published procedures …", flush=True)
            command = [sys.executable, "-m", "tests.benchmarks.data", str(count)]
            subprocess.run(command, cwd=ROOT, env=environment(place), check=True)
        few, many = data[min(PROCEDURES)], data[max(PROCEDURES)]

        def start(application: str, place: Path) -> Server:
            return servers.enter_context(server(application, place))

        hello, site, big = start("tests.benchmarks.hello", few), start(SITE, few), start(SITE, many)
        warm = partial(load, options=options)
        measures: dict[str, Measure] = {
            "hello, no middleware": partial(warm, hello),
            "warm, 4 procedures": partial(warm, site),
            "warm, 400 procedures": partial(warm, big),
            "warm, in Urdu": partial(warm, site, path="/ur/"),
            "304": partial(warm, site, {"If-None-Match": etag(site)}),
        }
        for count, place in data.items():
            measures[f"cold, {count} procedures"] = partial(one_by_one, start(UNCACHED, place), options.cold)
        print(f"{options.rounds} rounds of {len(measures)} measurements, interleaved …", flush=True)
        report(rounds(measures, options.rounds))
        through_nginx.compare(site.port)
        for compare in (queue.compare, storing.compare):
            print()
            compare(Path(folder))
        load_average = os.getloadavg()[0]
        print(f"\n{os.cpu_count()} cores; load average {load_average:.1f}: compare ratios, not figures.")


def rounds(measures: dict[str, Measure], count: int) -> dict[str, list[Result]]:
    """One result of each for each round, the order turned by one each time; the first round only warms up."""
    results: dict[str, list[Result]] = {name: [] for name in measures}
    names = [*measures]
    for number in range(count + 1):
        turn = number % len(names)
        for name in names[turn:] + names[:turn]:
            result = measures[name]()
            if number:
                results[name].append(result)
    return results


def report(results: dict[str, list[Result]]) -> None:
    print(f"\n{'':24}{'requests a second':>27}{'processor µs each':>27}")
    print(f"{'':24}{'median':>9}{'min':>9}{'max':>9}{'median':>9}{'min':>9}{'max':>9}")
    for name, found in results.items():
        figures = ([result.rate for result in found], [result.cost for result in found])
        columns = (f"{of(values):9.1f}" for values in figures for of in (statistics.median, min, max))
        print(f"{name:24}{''.join(columns)}")
    print(f"\n{'ratio, round by round':44}{'median':>7}{'min':>7}{'max':>7}{'by processor':>14}  to reach")
    for name, other, wanted in COMPARISONS:
        pairs = list(zip(results[name], results[other], strict=True))
        ratios = [one.rate / another.rate for one, another in pairs]
        by_cost = statistics.median(another.cost / one.cost for one, another in pairs)
        figures = f"{statistics.median(ratios):7.2f}{min(ratios):7.2f}{max(ratios):7.2f}{by_cost:14.2f}"
        print(f"{f'{name} : {other}':44}{figures}  {wanted}")


# Asking


def load(
    of: Server, headers: dict[str, str] | None = None, path: str = "/", *, options: argparse.Namespace
) -> Result:
    """By several connections, from a process of their own."""
    arguments = [str(of.port), path, str(options.seconds), str(options.connections)]
    arguments += [f"{name}={value}" for name, value in (BROWSER | (headers or {})).items()]
    for _ in range(8):  # each process renders the page that has expired before the measurement, not in it
        etag(of, path)
    command = [sys.executable, "-m", "tests.benchmarks.load", *arguments]
    before = of.spent()
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return Result(rate=float(told[1]), cost=(of.spent() - before) / max(1, int(told[0])) * 1e6)


def one_by_one(of: Server, count: int) -> Result:
    connection = http.client.HTTPConnection("127.0.0.1", of.port, timeout=30)
    seconds, before = [], of.spent()
    for _ in range(count):
        started = time.perf_counter()
        connection.request("GET", "/", headers=BROWSER)
        answer = connection.getresponse()
        answer.read()
        seconds.append(time.perf_counter() - started)
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
    return Result(rate=1 / statistics.median(seconds), cost=(of.spent() - before) / count * 1e6)


def etag(of: Server, path: str = "/") -> str:
    connection = http.client.HTTPConnection("127.0.0.1", of.port, timeout=30)
    connection.request("GET", path, headers=BROWSER)
    return connection.getresponse().headers["ETag"]


# Serving


def environment(place: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
        "CLINIC_MODE": "local",
        "DATA_DIR": str(place),
    }


@contextlib.contextmanager
def server(application: str, place: Path) -> Iterator[Server]:
    """The application on a free port of the loopback, until the end."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "-c", "tests/benchmarks/gunicorn_conf.py"]
    command += ["-b", f"127.0.0.1:{port}", application]
    process = subprocess.Popen(command, cwd=ROOT, env=environment(place), stdout=subprocess.DEVNULL)
    try:
        wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"The server ended with {process.returncode}.")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=30):
            return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


if __name__ == "__main__":
    main()
