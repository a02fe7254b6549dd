"""Measure the overview, interleaved in one run, and print medians and ratios. Nothing is asserted.

Every application runs on the same server with the site's own settings, on the loopback. Warm pages and 304
are requested over several connections at once; cold pages over one, from a server whose page cache is off.
The server's processor time per request is printed too: other load on the machine changes it least.
"""

import argparse
import contextlib
import http.client
import os
import shutil
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

from tests import lighthouse
from tests.benchmarks import queue, storing

ROOT = Path(__file__).resolve().parent.parent.parent
BROWSER = {"Accept-Encoding": "gzip, deflate, br"}
# With 16 the overview shows as many as it ever does, twelve cards; with 4 it is a shorter page.
PROCEDURES = (4, 16, 400)
SITE = "clinic_site.wsgi:application"
UNCACHED = "tests.benchmarks.uncached"


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
    parser.add_argument("--granian", action="store_true", help="warm on Granian, too, if it is installed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="clinic-bench-") as folder, contextlib.ExitStack() as servers:
        data = {count: Path(folder) / str(count) for count in PROCEDURES}
        for count, place in data.items():
            print(f"Preparing a site with {count} published procedures …", flush=True)
            run("tests.benchmarks.data", str(count), place=place)
        few, many = data[min(PROCEDURES)], data[max(PROCEDURES)]

        def start(application: str, place: Path, granian: bool = False) -> Server:
            return servers.enter_context(server(application, place, granian))

        hello, site, big = start("tests.benchmarks.hello", few), start(SITE, few), start(SITE, many)
        cold = {count: start(UNCACHED, place) for count, place in data.items()}
        tag = Reader(site).get(BROWSER)[0]

        def load(of: Server, headers: dict[str, str] = BROWSER) -> Measure:
            return lambda: asked(of, options, headers)

        measures: dict[str, Measure] = {
            "hello, no middleware": load(hello),
            "warm, 4 procedures": load(site),
            "warm, 400 procedures": load(big),
            "304": load(site, BROWSER | {"If-None-Match": tag, "X-Expected": "304"}),
        }
        for count, uncached in cold.items():
            measures[f"cold, {count} procedures"] = partial(one_by_one, uncached, options.cold)
        if options.granian:
            fast_hello = start("tests.benchmarks.hello", few, granian=True)
            fast = start(SITE, few, granian=True)
            measures |= {"hello on Granian": load(fast_hello), "warm on Granian": load(fast)}
        print(f"{options.rounds} rounds of {len(measures)} measurements, interleaved …", flush=True)
        results = rounds(measures, options.rounds)
        report(results)
        print()
        for count in (min(PROCEDURES), max(PROCEDURES)):
            print(f"{count} published procedures")
            run("tests.benchmarks.pages", place=data[count])
            print()
        points(site)
        print()
        queue.compare(Path(folder))
        print()
        storing.compare(Path(folder))
        print()
        load_average = os.getloadavg()[0]
        print(f"{os.cpu_count()} cores; load average {load_average:.1f}: compare ratios, not figures.")


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
    for name, other, wanted in (
        ("warm, 4 procedures", "hello, no middleware", "0.9"),
        ("304", "hello, no middleware", "0.9"),
        ("warm, 400 procedures", "warm, 4 procedures", "0.9"),
        ("cold, 400 procedures", "cold, 4 procedures", "0.9 (a page of 12 cards : one of 4)"),
        ("cold, 400 procedures", "cold, 16 procedures", "0.9 (both of 12)"),
        ("warm on Granian", "hello on Granian", ""),
        ("warm on Granian", "warm, 4 procedures", ""),
    ):
        if name in results:
            pairs = list(zip(results[name], results[other], strict=True))
            ratios = [one.rate / another.rate for one, another in pairs]
            by_cost = statistics.median(another.cost / one.cost for one, another in pairs)
            figures = f"{statistics.median(ratios):7.2f}{min(ratios):7.2f}{max(ratios):7.2f}{by_cost:14.2f}"
            print(f"{f'{name} : {other}':44}{figures}  {wanted}")


def points(of: Server) -> None:
    if lacking := lighthouse.missing():
        return print(f"Lighthouse: {lacking}.")
    print("Lighthouse, points of 100 on a phone")
    for path in ("/", "/procedures/nerve-repair/", "/consultation/"):
        found = lighthouse.scores(f"http://127.0.0.1:{of.port}{path}")
        print(f"{path:28}" + "  ".join(f"{name} {score}" for name, score in found.items()), flush=True)
    return None


# Asking


def asked(of: Server, options: argparse.Namespace, headers: dict[str, str]) -> Result:
    """By several connections, from a process of their own."""
    of_load = [str(of.port), str(options.seconds), str(options.connections)]
    of_load += [f"{name}={value}" for name, value in headers.items()]
    command = [sys.executable, "-m", "tests.benchmarks.load", *of_load]
    before = of.spent()
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    return Result(rate=float(told[1]), cost=(of.spent() - before) / max(1, int(told[0])) * 1e6)


def one_by_one(of: Server, count: int) -> Result:
    reader, seconds, before = Reader(of), [], of.spent()
    for _ in range(count):
        started = time.perf_counter()
        reader.get(BROWSER)
        seconds.append(time.perf_counter() - started)
    return Result(rate=1 / statistics.median(seconds), cost=(of.spent() - before) / count * 1e6)


class Reader:
    """One connection that stays open."""

    def __init__(self, of: Server) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", of.port, timeout=30)

    def get(self, headers: dict[str, str] | None = None) -> tuple[str, bytes]:
        self.connection.request("GET", "/", headers=headers or {})
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"status {answer.status}")
        return answer.headers.get("ETag", ""), body


# Serving


def environment(place: Path) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "DATABASE_URL"} | {
        "CLINIC_MODE": "local",
        "DATA_DIR": str(place),
    }


def run(module: str, *arguments: str, place: Path) -> None:
    subprocess.run([sys.executable, "-m", module, *arguments], cwd=ROOT, env=environment(place), check=True)


@contextlib.contextmanager
def server(application: str, place: Path, granian: bool = False) -> Iterator[Server]:
    """The application on a free port of the loopback, until the end."""
    port = free_port()
    if granian:
        of_granian = ["--interface", "wsgi", "--port", str(port), "--workers", "2", "--blocking-threads", "4"]
        command = [sys.executable, "-m", "granian", *of_granian, "--no-ws", "--log-level", "error"]
    else:
        command = [sys.executable, "-m", "gunicorn", "-c", "tests/benchmarks/gunicorn_conf.py"]
        command += ["-b", f"127.0.0.1:{port}"]
    if granian and ":" not in application:
        application += ":application"
    process = subprocess.Popen(
        [*command, application], cwd=ROOT, env=environment(place), stdout=subprocess.DEVNULL
    )
    try:
        wait_for(port, process)
        yield Server(port, process.pid)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit(f"The server ended with {process.returncode}.")
        with contextlib.suppress(OSError, http.client.HTTPException):
            asking = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            asking.request("GET", "/")
            asking.getresponse()
            return
        time.sleep(0.1)
    raise SystemExit("The server did not start.")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


if __name__ == "__main__":
    print(f"Load generator: {'wrk' if shutil.which('wrk') else 'threads of our own (no wrk here)'}.")
    main()
