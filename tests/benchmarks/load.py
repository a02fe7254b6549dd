"""A load generator in its own process: several connections at once, each in a thread.

``python -m tests.benchmarks.load PORT PATH SECONDS CONNECTIONS [HEADER=VALUE ...]`` prints how many
requests were answered, and how many a second.
"""

import http.client
import sys
import time
from concurrent.futures import ThreadPoolExecutor


def answered(port: int, path: str, seconds: float, headers: dict[str, str]) -> int:
    """Request a page over one connection until the time is up; return how often it was answered."""
    connection, count = http.client.HTTPConnection("127.0.0.1", port, timeout=20), 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()
        count += 1
    return count


if __name__ == "__main__":
    port, path, seconds, connections, *pairs = sys.argv[1:]
    given = dict(pair.split("=", 1) for pair in pairs)
    with ThreadPoolExecutor(int(connections)) as pool:
        arguments = (int(port), path, float(seconds), given)
        total = sum(pool.map(lambda _number: answered(*arguments), range(int(connections))))
    print(total, total / float(seconds))
