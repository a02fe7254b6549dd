"""Work on untrusted files in a child process of limited memory and time, never in a thread that serves pages.

At most two run at once on a machine, one of them with memory for a large picture. Nobody waits for a slot:
``BusyError`` is raised at once.
"""

import fcntl
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import IO

from django.conf import settings

MEGABYTE = 1024 * 1024
# Of address space, by slot. A picture of 52 million pixels takes up to 430 MB, one of 12 million 210 MB
# (clinic_site/core/untrusted/image_decoder.py). With both slots in use, the site stays under 900 MB.
SLOT_MEMORY = (600 * MEGABYTE, 320 * MEGABYTE)
MAX_CPU_SECONDS = 10
MAX_SECONDS = 20
MAX_OUTPUT_BYTES = 64 * MEGABYTE

# What a module does in the child: its arguments, the file and the memory in bytes; an exit status and output.
Work = Callable[[list[str], bytes, int], tuple[int, bytes]]


class BusyError(Exception):
    """Both slots are taken."""


class TooSlowError(BusyError):
    """The work was not done in time, although it used little processor time: the machine is busy."""


class KilledError(Exception):
    """The work needed too much processor time or memory."""


def run(module: str, arguments: list[str], data: bytes) -> tuple[int, IO[bytes]]:
    """Run ``module.work(arguments, data, memory)`` in a child process; return its status and output.

    ``memory`` is what the child may use, in bytes. The status of a child that crashed is negative. Raises
    ``BusyError`` and ``KilledError``.
    """
    with _slot() as memory:
        # In memory, so that a full disk does not refuse a file. The limit of file sizes holds for it.
        output = os.fdopen(os.memfd_create("output"), "w+b")
        command = [sys.executable, "-m", __name__, module, str(memory), *arguments]
        try:
            # An empty environment: the child gets none of the site's secrets.
            status = subprocess.run(  # noqa: S603 - our own module
                command,
                input=data,
                stdout=output,
                stderr=subprocess.DEVNULL,
                timeout=MAX_SECONDS,
                cwd=settings.BASE_DIR,
                env={},
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            output.close()
            raise TooSlowError from None
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        output.close()
        raise KilledError
    output.seek(0)
    return status, output


@contextmanager
def _slot() -> Iterator[int]:
    """Hold one of the slots, shared by all processes of the machine; return its memory in bytes."""
    for number, memory in enumerate(SLOT_MEMORY):
        # The lock ends with the process that holds it.
        with (Path(settings.DATA_DIR) / f"decoding-{number}.lock").open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                continue
            yield memory
            return
    raise BusyError


def main(module: str, memory: str, *arguments: str) -> int:
    """The child: set the limits, then import the module and let it work."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_CPU_SECONDS, MAX_CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_OUTPUT_BYTES, MAX_OUTPUT_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.nice(10)
    work: Work = import_module(module).work
    status, output = work(list(arguments), sys.stdin.buffer.read(), int(memory))
    sys.stdout.buffer.write(output)
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
