"""Mail settings, and the worker that runs beside the local server."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from clinic_site.mail import configuration

ROOT = Path(__file__).resolve().parent.parent.parent
SHOW = (
    "from clinic_site import settings as s; "
    "print(s.MAIL_DELIVERY, s.STAFF_MAIL, s.DEFAULT_FROM_EMAIL, s.EMAIL_BACKEND, s.EMAIL_HOST, s.EMAIL_PORT, "
    "s.EMAIL_HOST_USER, s.EMAIL_HOST_PASSWORD, s.EMAIL_USE_SSL, s.EMAIL_USE_TLS)"
)


def started(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Read the settings in a production process."""
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


def test_production_needs_a_mail_server_or_the_word_off(tmp_path: Path) -> None:
    missing = started(tmp_path, EMAIL_URL="")
    assert missing.returncode != 0
    assert "EMAIL_URL is not set" in missing.stderr
    assert started(tmp_path, STAFF_MAIL="a@clinic.example, b@clinic.example").stdout == (
        "smtp ('a@clinic.example', 'b@clinic.example') no-reply@clinic.example "
        "clinic_site.mail.backend.QueueBackend mail.example 465 clinic secret-word True False\n"
    )
    assert started(tmp_path, EMAIL_URL="off").stdout.startswith("off ()")


def test_invalid_mail_settings_stop_the_start_without_showing_the_password(tmp_path: Path) -> None:
    names = ("EMAIL_URL", "STAFF_MAIL", "DEFAULT_FROM_EMAIL")
    result = started(tmp_path, **dict.fromkeys(names, "http://clinic:secret-word@mail.example"))
    assert result.returncode != 0
    assert [name for name in names if f"{name} must" not in result.stderr] == []
    assert "secret-word" not in result.stderr


def test_mail_server_encrypts_unless_it_is_on_this_machine() -> None:
    for url, expected in {
        "smtp://a:p%2Fw@mail.example": ("mail.example", 587, "a", "p/w", False, True),
        "smtp://mail.example:2525": ("mail.example", 2525, "", "", False, True),
        "smtp://127.0.0.1": ("127.0.0.1", 25, "", "", False, False),
        "smtps://a:b@mail.example": ("mail.example", 465, "a", "b", True, False),
    }.items():
        assert configuration.mail_server(url) == expected
    for url in (
        "smtp://",
        "smtp://a@mail.example",
        "smtp://mail.example:0",
        "smtp://a:b/c@mail.example",
        "x",
    ):
        with pytest.raises(ValueError):
            configuration.mail_server(url)


def test_sender_is_one_address_with_or_without_a_name() -> None:
    for text, sender in {
        "desk@clinic.example": "desk@clinic.example",
        "The Clinic <desk@clinic.example>": "The Clinic <desk@clinic.example>",
        "The Clinic, Lahore <desk@clinic.example>": '"The Clinic, Lahore" <desk@clinic.example>',
        '"The Clinic, Lahore" <desk@clinic.example>': '"The Clinic, Lahore" <desk@clinic.example>',
    }.items():
        assert configuration.sender(text) == sender
    for text in (
        "desk@clinic.example\nBcc: everyone@example.com",
        "The Clinic <desk@clinic.example> and more",
        "desk",
        "",
    ):
        with pytest.raises(ValueError):
            configuration.sender(text)


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
@pytest.mark.parametrize("way", [signal.SIGINT, signal.SIGKILL])
def test_mail_worker_runs_beside_the_local_server_and_ends_with_it(
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
