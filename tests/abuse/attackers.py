"""People who try to switch the site off, each from addresses of their own, and patients who need it."""

import http.client
import itertools
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlencode

from consultations.tokens import SubmissionKey
from tests.factories import form_data

CSRF = "a" * 32  # the cookie and the field only have to agree
_sources = itertools.count(1)


def new_address() -> str:
    """Return a loopback address that nobody has used: to nginx, each is another network address."""
    number = next(_sources)
    return f"127.{1 + number // 65536 % 250}.{number // 256 % 256}.{number % 256}"


def ask(
    port: int, method: str, path: str, body: bytes = b"", content_type: str = "", source: str = "127.0.0.1"
) -> tuple[int, float]:
    """Return the status and the seconds that the whole answer took; status 0 if there was none."""
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60, source_address=(source, 0))
    headers = {"Host": "localhost", "Origin": "https://localhost", "Cookie": f"csrftoken={CSRF}"}
    if content_type:
        headers["Content-Type"] = content_type
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        answer.read()
        return answer.status, time.monotonic() - started
    except (OSError, http.client.HTTPException):
        return 0, time.monotonic() - started
    finally:
        connection.close()


def answers(notice: int, key: SubmissionKey | None = None, **more: str) -> dict[str, object]:
    key = key or SubmissionKey.new()
    return form_data(phone=f"03{secrets.randbelow(10**9):09}") | {
        "key": SubmissionKey(key.secret, key.made_at - 60).for_form(),
        "notice": str(notice),
        "csrfmiddlewaretoken": CSRF,
        **more,
    }


def send_request(
    port: int, notice: int, source: str = "", key: SubmissionKey | None = None
) -> tuple[int, float]:
    body = urlencode(answers(notice, key, send="yes"), doseq=True).encode()
    form = "application/x-www-form-urlencoded"
    return ask(port, "POST", "/consultation/", body, form, source or new_address())


def address_for_files(port: int, notice: int) -> str:
    """Send a request, and return the address to which its files are sent."""
    key = SubmissionKey.new()
    status, _seconds = send_request(port, notice, key=key)
    assert status == HTTPStatus.SEE_OTHER
    return f"/r/{key.token}/attachments/"


def send_files(port: int, path: str, files: list[bytes]) -> tuple[int, float]:
    boundary = "x" * 30
    field = f'--{boundary}\r\nContent-Disposition: form-data; name="csrfmiddlewaretoken"\r\n\r\n{CSRF}\r\n'
    parts = b"".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="attachments"; filename="a{number}"\r\n'
        "Content-Type: image/webp\r\n\r\n".encode()
        + data
        + b"\r\n"
        for number, data in enumerate(files)
    )
    body = field.encode() + parts + f"--{boundary}--\r\n".encode()
    return ask(port, "POST", path, body, f"multipart/form-data; boundary={boundary}", new_address())


def stall_a_body(port: int, path: str) -> float:
    """Announce a large body, send a little of it, and wait; return the seconds until nginx gives up."""
    started = time.monotonic()
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 30, (new_address(), 0)) as line:
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\nContent-Length: 60000000\r\n\r\n".encode()
            + b"x" * 65536
        )
        line.recv(1)
    return time.monotonic() - started


@contextmanager
def repeated(*works: tuple[int, Callable[[], object]]) -> Iterator[None]:
    """Let many threads do each work over and over: ``(threads, work)``."""
    stop = threading.Event()

    def over_and_over(work: Callable[[], object]) -> None:
        while not stop.is_set():
            work()

    threads = [
        threading.Thread(target=over_and_over, args=(work,), daemon=True)
        for count, work in works
        for _number in range(count)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()


def memory_of_group(group: int) -> int:
    """Return the memory of a process group in bytes; pages that processes share are counted once."""
    total = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, IndexError):
            fields = (process / "stat").read_text().rpartition(")")[2].split()
            if int(fields[2]) == group:
                lines = (process / "smaps_rollup").read_text().splitlines()
                total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024
    return total
