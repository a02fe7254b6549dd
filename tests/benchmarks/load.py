"""A load generator in its own process: ``wrk`` if installed, otherwise threads.

``python -m tests.benchmarks.load PORT SECONDS CONNECTIONS [HEADER=VALUE ...]`` prints how many requests
were answered, and how many a second.
"""

import http.client
import re
import shutil
import subprocess
import sys
import threading
import time


def with_wrk(port: int, seconds: float, connections: int, headers: dict[str, str]) -> tuple[int, float]:
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s"]
    for name, value in headers.items():
        command += ["-H", f"{name}: {value}"]
    command.append(f"http://127.0.0.1:{port}/")
    told = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    # wrk counts a 304 as an answer like any other; it names all others.
    if "Non-2xx" in told and "304" not in headers.get("X-Expected", ""):
        raise RuntimeError(told)
    count, rate = re.search(r"(\d+) requests in .*?Requests/sec:\s+([0-9.]+)", told, re.DOTALL).groups()
    return int(count), float(rate)


def with_threads(port: int, seconds: float, connections: int, headers: dict[str, str]) -> tuple[int, float]:
    counts = [0] * connections
    end = time.monotonic() + seconds

    def ask(place: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        while time.monotonic() < end:
            connection.request("GET", "/", headers=headers)
            connection.getresponse().read()
            counts[place] += 1

    threads = [threading.Thread(target=ask, args=(place,)) for place in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), sum(counts) / seconds


if __name__ == "__main__":
    port, seconds, connections, *pairs = sys.argv[1:]
    given = dict(pair.split("=", 1) for pair in pairs)
    measure = with_wrk if shutil.which("wrk") else with_threads
    print(*measure(int(port), float(seconds), int(connections), given))
