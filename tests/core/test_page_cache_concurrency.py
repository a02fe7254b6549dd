"""A publication that races the making of a page. Real processes, a real database."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from procedures.models import Procedure
from tests.factories import a_procedure, published

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ADDRESS = "/procedures/lymph-vessel-repair/"


class Process:
    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.operations.reading_process", ADDRESS],
            env=os.environ | {"DATA_DIR": str(data), "DATABASE_URL": database_url()},
            cwd=settings.BASE_DIR,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def hear(self) -> str:
        assert self.process.stdout
        for line in self.process.stdout:
            if line.startswith("says "):
                return line.removeprefix("says ").strip()
        raise AssertionError("The process has ended.")

    def ask(self) -> str:
        self.tell("")
        return self.hear()


def database_url() -> str:
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT']}/{database['NAME']}"


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[list[Process]]:
    """Three of them, with one folder for their pages, as on one machine."""
    (tmp_path / "static").symlink_to(settings.STATIC_ROOT)
    started = [Process(tmp_path) for _ in range(3)]
    yield started
    for process in started:
        process.process.kill()
        process.process.communicate()


@pytest.fixture
def page(db: Any) -> Procedure:
    return a_procedure()


def publish(page: Procedure, number: int) -> None:
    page.sections.filter(kind="why").update(body=f"This is text number {number}.")
    published(page)


def test_a_page_that_was_old_before_it_was_made_is_never_shown_again(
    page: Procedure, processes: list[Process]
) -> None:
    slow, other, third = processes
    publish(page, 1)
    slow.tell("hold")
    assert slow.hear() == "holding"

    publish(page, 2)
    slow.tell("go on")
    # Its reader asked before the publication, and gets what was live then.
    assert slow.hear() == "1"

    assert [process.ask() for process in (other, slow, third, other)] == ["2"] * 4


def test_what_is_published_is_the_next_thing_that_any_process_shows(
    page: Procedure, processes: list[Process]
) -> None:
    for number in range(1, 9):
        # All are asked while it is being published, and may show either; then they are asked again.
        for process in processes:
            process.tell("")
        publish(page, number)
        during = [process.hear() for process in processes]
        assert set(during) <= {str(number), str(number - 1), "status 404"}
        assert [process.ask() for process in processes] == [str(number)] * len(processes)
