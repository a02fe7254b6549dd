"""Lines are written together, a warning at once, and each once."""

import subprocess
import sys

PROGRAM = """
import logging, os, sys, time
from clinic_site.core.json_logging import GatheringHandler
logger = logging.getLogger("clinic_site")
logger.addHandler(GatheringHandler(sys.stdout))
logger.setLevel("INFO")
{}
"""


def written(program: str) -> list[str]:
    command = [sys.executable, "-c", PROGRAM.format(program)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30).stdout.split()


def test_lines_are_written_at_the_end_at_the_latest() -> None:
    assert written("logger.info('one'); logger.info('two')") == ["one", "two"]


def test_lines_are_written_in_time_though_nothing_follows() -> None:
    command = [sys.executable, "-c", PROGRAM.format("logger.info('one'); time.sleep(60); os._exit(9)")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout and process.stdout.readline() == "one\n"
        process.kill()


def test_a_warning_is_written_at_once_with_all_before_it() -> None:
    assert written("logger.info('one'); logger.warning('two'); os._exit(9)") == ["one", "two"]


def test_a_copy_of_the_process_writes_no_line_twice() -> None:
    program = "logger.info('one')\nif os.fork() == 0:\n    logger.info('copy'); sys.exit()\nos.wait()"
    assert written(program) == ["one", "copy"]
