"""The cached page through the shipped nginx, against the same nginx serving the same bytes from disk."""

import http.client
import statistics
import subprocess
import sys
from pathlib import Path

from tests.nginx import missing, nginx
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent
TO_REACH = 0.8


def compare(site_port: int, rounds: int = 5, seconds: float = 1) -> None:
    """Print the median ratio of requests a second: the cached page against the same bytes from disk."""
    if lacking := missing():
        print(f"nginx: {lacking}.")
        return
    ports = (free_port(), free_port())
    with nginx(site_port, ports) as files:
        connection = http.client.HTTPConnection("127.0.0.1", ports[0], timeout=10)
        connection.request("GET", "/", headers={"Accept-Encoding": "br"})
        body = connection.getresponse().read()
        (files / "index.html").write_bytes(body)
        ratios = []
        for number in range(rounds + 1):
            page, file = (requests_per_second(port, seconds) for port in ports)
            if number:  # the first round only warms up
                ratios.append(page / file)
    print(
        f"through the shipped nginx : {len(body):,} bytes from disk   {statistics.median(ratios):.2f}"
        f"  ({min(ratios):.2f} to {max(ratios):.2f})  {TO_REACH}"
    )


def requests_per_second(port: int, seconds: float) -> float:
    command = [
        sys.executable,
        "-m",
        "tests.benchmarks.load",
        str(port),
        "/",
        str(seconds),
        "8",
        "Accept-Encoding=br",
    ]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return float(printed.split()[1])
