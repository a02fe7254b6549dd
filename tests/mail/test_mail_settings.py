"""The settings of mail, as a process meets them at its start; and the worker beside the local server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_site.mail import addresses

ROOT = Path(__file__).resolve().parent.parent.parent
SHOW = (
    "from clinic_site import settings as s; "
    "print(s.MAIL_DELIVERY, s.STAFF_MAIL, s.DEFAULT_FROM_EMAIL, s.EMAIL_BACKEND)"
)


def started(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """A production process that reads its settings."""
    complete = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path),
        "SITE_URL": "https://clinic.example",
        "SECRET_KEY": "s" * 60,
        "EMAIL_URL": "smtps://clinic:secret-word@mail.example",
    }
    return subprocess.run(
        [sys.executable, "-c", SHOW],
        cwd=ROOT,
        env=complete | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_does_not_start_without_a_word_about_mail(tmp_path: Path) -> None:
    result = started(tmp_path, EMAIL_URL="")
    assert result.returncode != 0
    assert "EMAIL_URL is not set" in result.stderr


def test_production_takes_a_server_or_the_word_off(tmp_path: Path) -> None:
    whole = started(tmp_path, STAFF_MAIL="a@clinic.example, b@clinic.example")
    assert whole.stdout.startswith(
        "smtp ('a@clinic.example', 'b@clinic.example') no-reply@clinic.example clinic_site.mail.backend"
    )
    assert started(tmp_path, EMAIL_URL="off").stdout.startswith("off ()")


@pytest.mark.parametrize("name", ["EMAIL_URL", "STAFF_MAIL", "DEFAULT_FROM_EMAIL"])
def test_an_odd_value_stops_the_start_by_its_name_and_keeps_the_password(tmp_path: Path, name: str) -> None:
    result = started(tmp_path, **{name: "http://clinic:secret-word@mail.example"})
    assert result.returncode != 0
    assert f"{name} must" in result.stderr
    assert "secret-word" not in result.stderr


@pytest.mark.parametrize(
    ("text", "sender"),
    [
        ("desk@clinic.example", "desk@clinic.example"),
        ("The Clinic <desk@clinic.example>", "The Clinic <desk@clinic.example>"),
        ("The Clinic, Lahore <desk@clinic.example>", '"The Clinic, Lahore" <desk@clinic.example>'),
        ('"The Clinic, Lahore" <desk@clinic.example>', '"The Clinic, Lahore" <desk@clinic.example>'),
        ("desk@clinic.example\nBcc: everyone@example.com", None),
        ("The Clinic <desk@clinic.example> and more", None),
        ("desk", None),
        ("", None),
    ],
)
def test_a_sender_is_one_address_with_or_without_a_name(text: str, sender: str | None) -> None:
    if sender is None:
        with pytest.raises(ValueError):
            addresses.sender(text)
    else:
        assert addresses.sender(text) == sender


# Beside the server of `make run`


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to that in time"
        time.sleep(0.1)


def mail_workers(server: int) -> list[int]:
    """The processes that run the mail worker beside a server."""
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
@pytest.mark.parametrize("way", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_one_mail_worker_runs_beside_the_local_server_and_ends_with_it(
    tmp_path: Path, way: signal.Signals
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    environment = os.environ | {"DATA_DIR": str(tmp_path), "PORT": port, "WEB_CONCURRENCY": "2"}
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
        server.send_signal(way)
        server.wait(timeout=60)
        wait_until(lambda: not mail_workers(server.pid))
    finally:
        server.kill()
        for pid in mail_workers(server.pid):
            os.kill(pid, signal.SIGKILL)
