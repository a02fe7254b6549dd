"""What an untrusted file might make a decoder do. Run by ``isolated.run``."""

import os
import resource
import signal
import sys
import time
from pathlib import Path


def work(arguments: list[str], data: bytes, memory: int) -> tuple[int, bytes]:
    match arguments:
        case ["memory"]:
            bytearray(2_000_000_000)
        case ["output"]:
            while True:
                sys.stdout.buffer.write(b"x" * 1_000_000)
        case ["sleep"]:
            time.sleep(60)
        case ["crash"]:
            os.kill(os.getpid(), signal.SIGSEGV)
        case ["use up the time"]:
            resource.setrlimit(resource.RLIMIT_CPU, (1, 10))
            while True:
                pass
        case ["tell"]:
            # The folder itself is open while it is listed.
            is_open = sorted(int(file.name) for file in Path("/proc/self/fd").iterdir())[:-1]
            return 0, f"{dict(os.environ)} open: {is_open}".encode()
    return 0, b""
