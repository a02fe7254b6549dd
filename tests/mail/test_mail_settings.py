"""Mail settings, and the worker that runs beside the local server."""

import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError

from clinic_site.core.management.repeating_command import repeat
from clinic_site.mail import configuration
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent.parent


def test_settings_use_what_was_parsed_and_name_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def production(**environment: str) -> dict[str, Any]:
        complete = {"CLINIC_MODE": "production", "DATA_DIR": str(tmp_path), "SECRET_KEY": "s" * 60}
        complete |= {"SITE_URL": "https://clinic.example", "EMAIL_URL": "smtps://a:b@mail.example"}
        for name, value in (complete | environment).items():
            monkeypatch.setenv(name, value)
        return runpy.run_path(str(ROOT / "clinic_site" / "settings.py"))

    settings = production(STAFF_MAIL="a@clinic.example, b@clinic.example")
    assert settings["STAFF_MAIL"] == ("a@clinic.example", "b@clinic.example")
    assert settings["DEFAULT_FROM_EMAIL"] == "clinic@clinic.example"
    assert (settings["MAIL_DELIVERY"], settings["EMAIL_BACKEND"].split(".")[-2]) == ("smtp", "smtp")
    off = production(EMAIL_URL="off")
    assert (off["MAIL_DELIVERY"], off["EMAIL_BACKEND"].split(".")[-2]) == ("off", "dummy")
    names = ("EMAIL_URL", "STAFF_MAIL", "DEFAULT_FROM_EMAIL")
    with pytest.raises(ImproperlyConfigured) as refused:
        production(**dict.fromkeys(names, "http://clinic:secret-word@mail.example"))
    assert [name for name in names if f"{name} must" not in str(refused.value)] == []
    assert "secret-word" not in str(refused.value)


def test_mail_server_encrypts_unless_it_is_on_this_machine() -> None:
    for url, expected in {
        "smtp://a:p%2Fw@mail.example": ("mail.example", 587, "a", "p/w", False, True),
        "smtp://mail.example:2525": ("mail.example", 2525, "", "", False, True),
        "smtp://127.0.0.1": ("127.0.0.1", 25, "", "", False, False),
        "smtps://a:b@mail.example": ("mail.example", 465, "a", "b", True, False),
    }.items():
        assert configuration.mail_server(url) == expected
    login = "smtp://a@mail.example"
    for wrong in ("smtp://", login, "smtp://mail.example:0", "smtp://a:b/c@mail.example", "x", "smtp://["):
        with pytest.raises(ValueError, match="must be smtp://"):
            configuration.mail_server(wrong)
    with pytest.raises(ValueError) as refused:
        configuration.mail_server("http://clinic:secret-word@mail.example")
    assert "secret-word" not in str(refused.value)


def test_sender_is_one_address_with_or_without_a_name() -> None:
    for text, sender in {
        "desk@clinic.example": "desk@clinic.example",
        "The Clinic <desk@clinic.example>": "The Clinic <desk@clinic.example>",
        "The Clinic, Lahore <desk@clinic.example>": '"The Clinic, Lahore" <desk@clinic.example>',
        '"The Clinic, Lahore" <desk@clinic.example>': '"The Clinic, Lahore" <desk@clinic.example>',
    }.items():
        assert configuration.sender(text) == sender
    assert configuration.addresses("a@clinic.example, b@clinic.example") == (
        "a@clinic.example",
        "b@clinic.example",
    )
    for text in ("desk@clinic.example\nBcc: a@b.example", "The Clinic <desk@clinic.example> x", "desk", ""):
        with pytest.raises(ValueError):
            configuration.sender(text)
    for parse in (configuration.sender, configuration.addresses):
        with pytest.raises(ValueError) as refused:
            parse("http://clinic:secret-word@mail.example")
        assert str(refused.value).startswith("must be") and "secret-word" not in str(refused.value)


@pytest.mark.django_db
def test_repeated_work_ends_with_its_parent_or_when_stopped() -> None:
    done: list[int] = []
    stop = threading.Event()

    def work(stop: Any) -> None:
        done.append(1)
        if len(done) == 3:
            stop.set()
        raise DatabaseError("the work goes on after a pause")

    repeat(work, 0.01, stop, parent=os.getpid())
    assert not done, "that is not the parent of this process, so the parent has ended"
    repeat(work, 0.01, stop, parent=os.getppid())
    assert len(done) == 3


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.1)


def mail_workers(server: int) -> list[int]:
    """The ids of the mail workers that run beside a server."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                arguments = (folder / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"send_mail" in arguments and str(server).encode() in arguments:
                found.append(int(folder.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="asks /proc")
def test_mail_worker_runs_beside_the_local_server_and_ends_with_it(tmp_path: Path) -> None:
    environment = os.environ | {"DATA_DIR": str(tmp_path), "PORT": str(free_port()), "WEB_CONCURRENCY": "2"}
    environment.pop("DATABASE_URL", None)
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "clinic_site.wsgi"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_until(lambda: len(mail_workers(server.pid)) == 1)
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)
        wait_until(lambda: not mail_workers(server.pid))
    finally:
        server.kill()
        for pid in mail_workers(server.pid):
            os.kill(pid, signal.SIGKILL)
