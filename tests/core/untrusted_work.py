"""What an untrusted file might make a decoder do. Run by ``isolated.run``."""

import os
import sys
import time

from clinic_site.core import isolated

if __name__ == "__main__":
    what, memory = sys.argv[1:]
    isolated.limit_this_process(int(memory))
    match what:
        case "memory":
            bytearray(2_000_000_000)
        case "output":
            while True:
                sys.stdout.buffer.write(b"x" * 1_000_000)
        case "sleep":
            time.sleep(60)
        case "tell":
            # The folder itself is open while it is listed.
            is_open = sorted(int(number) for number in os.listdir("/proc/self/fd"))[:-1]  # noqa: PTH208
            sys.stdout.write(f"{dict(os.environ)} open: {is_open}")
