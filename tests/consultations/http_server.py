"""The production server in its own processes, and patients who retry until their request is stored."""

import http.client
import itertools
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlencode

from django.conf import settings
from django.db import connection

from consultations.tokens import SubmissionKey
from tests.factories import form_data
from tests.ports import free_port

CSRF = "a" * 32  # the cookie and the field only have to agree


def database_url() -> str:
    """The test's own database, as the server in another process finds it."""
    found = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{found['NAME']}"
    host = str(found["HOST"]).replace("/", "%2F")
    return f"postgres://{found['USER']}:{found['PASSWORD']}@{host}:{found['PORT']}/{found['NAME']}"


class Server:
    """gunicorn with two processes, as ``make run`` starts it. ``kill`` leaves it no time for anything.

    ``log`` is the file that it writes to; without one nothing is kept.
    """

    def __init__(
        self, log: IO[bytes] | None = None, application: str = "clinic_site.wsgi", **environment: str
    ) -> None:
        self.application = application
        self.output = log or subprocess.DEVNULL
        self.port = free_port()
        self.environment = os.environ | {
            "CLINIC_MODE": "local",
            "DATA_DIR": str(settings.DATA_DIR),
            "DATABASE_URL": database_url(),
            "PORT": str(self.port),
            # Each patient comes from an address of their own.
            "BEHIND_PROXY": "yes",
            "LOG_LEVEL": "ERROR",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", self.application]
        self.process = subprocess.Popen(
            command,
            env=self.environment,
            cwd=settings.BASE_DIR,
            start_new_session=True,
            stdout=self.output,
            stderr=self.output,
        )
        end = time.monotonic() + 60
        while not self.answers():
            assert time.monotonic() < end, "the server did not start"
            time.sleep(0.05)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def processor_seconds(self) -> float:
        """The processor time of its living processes so far."""
        assert self.process
        ticks = 0
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it has ended
                # After the name, which may hold anything: the group, and user and system time.
                fields = stat.read_text().rpartition(")")[2].split()
                if int(fields[2]) == self.process.pid:
                    ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def kill(self, with_signal: int = signal.SIGKILL) -> None:
        """Every process of it at once: the server's and the mail worker's."""
        if self.process:
            os.killpg(self.process.pid, with_signal)
            self.process.wait()
            self.process = None


@dataclass
class Patients:
    """``count`` people who send one request after the other until ``stop``.

    Who gets no answer presses again, with the same form, as a person does. ``confirmed`` maps each form's
    key hash to the address that the patient was led to; ``sent`` has every key that was ever sent.
    """

    port: int
    notice: int
    answers: dict[str, Any] = field(default_factory=dict)
    confirmed: dict[str, str] = field(default_factory=dict)
    sent: set[str] = field(default_factory=set)
    # The status of each other answer; "bare 503" if its page does not offer to send the form again.
    wrong: list[str] = field(default_factory=list)
    # How often the connection broke.
    cut_off: int = 0
    # How long each confirmed press of "Send" took.
    seconds: list[float] = field(default_factory=list)
    # Between two requests of one patient.
    pause_seconds: float = 0.0

    def __post_init__(self) -> None:
        self.stop = threading.Event()
        self._numbers = itertools.count(random.Random(self.port).randrange(10_000))
        self._threads: list[threading.Thread] = []

    def come(self, count: int) -> None:
        self._threads = [threading.Thread(target=self._one, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def leave(self) -> None:
        """Everybody finishes the form in hand: presses until it is confirmed."""
        self.stop.set()
        for thread in self._threads:
            thread.join(timeout=120)
        assert not any(thread.is_alive() for thread in self._threads), "a patient never got an answer"

    def _one(self) -> None:
        while not self.stop.is_set():
            key, number = SubmissionKey.new(), next(self._numbers)
            self.sent.add(key.hash)
            body = urlencode(self._form(key, number), doseq=True)
            while not self._press(key, number, body):
                time.sleep(0.05)
            self.stop.wait(self.pause_seconds)

    def _form(self, key: SubmissionKey, number: int) -> dict[str, Any]:
        fixed = {
            "key": SubmissionKey(key.secret, key.made_at - 60).for_form(),
            "notice": str(self.notice),
            "send": "yes",
            "csrfmiddlewaretoken": CSRF,
            "phone": f"03{10 + number // 10_000_000 % 30}{number % 10_000_000:07}",
        }
        return form_data(**self.answers) | fixed

    def _press(self, key: SubmissionKey, number: int, body: str) -> bool:
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Cookie": f"csrftoken={CSRF}",
            "X-Forwarded-For": f"10.{number // 65536 % 256}.{number // 256 % 256}.{number % 256}",
            "Host": f"127.0.0.1:{self.port}",
        }
        pressed_at = time.monotonic()
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            line.request("POST", "/consultation/", body, headers)
            answer = line.getresponse()
            page = answer.read()
        except (OSError, http.client.HTTPException):
            self.cut_off += 1
            return False
        finally:
            line.close()
        if answer.status == 303:
            self.seconds.append(time.monotonic() - pressed_at)
            self.confirmed[key.hash] = answer.headers["Location"]
            return True
        is_bare = answer.status >= 500 and not (b">1122<" in page and key.secret.encode() in page)
        self.wrong.append(f"bare {answer.status}" if is_bare else f"{answer.status}")
        return answer.status < 500
