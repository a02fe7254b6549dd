"""Bodies with files fill neither memory nor disk, and are CSRF-checked like any other form."""

import io
import os
import tempfile
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.test import Client
from django.urls import path

from clinic_site.urls import urlpatterns as site_urls
from consultations.intake.upload_handler import takes_files
from consultations.intake.upload_limits import MAX_BODY_BYTES, MAX_FILE_BYTES
from tests.consultations.intake.upload_samples import PDF

MEGABYTE = 1024 * 1024
BOUNDARY = "a-boundary"


def summary_view(request: HttpRequest) -> HttpResponse:
    """Return what came through: the fields, and of each file its true size and what was kept."""
    files = [
        {"name": upload.name, "size": upload.size, "kept": len(upload.read())}
        for upload in request.FILES.getlist("attachments")
    ]
    return JsonResponse(
        {
            "fields": dict(request.POST.items()),
            "files": files,
            "on_disk": sorted(os.listdir(tempfile.gettempdir())),  # noqa: PTH208 - only the names
            "token": get_token(request),
        }
    )


urlpatterns = [path("files/", takes_files(summary_view)), *site_urls]
pytestmark = [pytest.mark.urls(__name__), pytest.mark.django_db]


class Body(io.RawIOBase):
    """A body that is made while it is read, so that it may have any size. ``taken`` bytes were read."""

    def __init__(self, parts: Iterator[bytes], most: int) -> None:
        self.parts, self.most, self.taken, self.rest = parts, most, 0, b""

    def read(self, size: int = -1) -> bytes:
        assert size >= 0, "All of it was asked for at once."
        while len(self.rest) < size and (part := next(self.parts, b"")):
            self.rest += part
        given, self.rest = self.rest[:size], self.rest[size:]
        self.taken += len(given)
        assert self.taken <= self.most, "More of it was read than may be."
        return given


def field(name: str, value: str) -> Iterator[bytes]:
    yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()


def file(name: str, size: int) -> Iterator[bytes]:
    yield (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="attachments"; filename="{name}"\r\n'
        "Content-Type: image/jpeg\r\n\r\n"
    ).encode()
    chunk = b"\xff" * min(MEGABYTE, size)
    for start in range(0, size, MEGABYTE):
        yield chunk[: size - start]
    yield b"\r\n"


def together(*parts: Iterator[bytes]) -> Iterator[bytes]:
    for part in parts:
        yield from part
    yield f"--{BOUNDARY}--\r\n".encode()


def send(client: Client, body: Body, length: int, **environ: Any) -> Any:
    return client.request(
        **{
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/files/",
            "CONTENT_TYPE": f"multipart/form-data; boundary={BOUNDARY}",
            "CONTENT_LENGTH": str(length),
            "wsgi.input": body,
            **environ,
        }
    )


FIVE_GIGABYTES = 5 * 1024 * MEGABYTE


def test_too_large_body_is_refused_and_not_a_byte_of_it_is_read() -> None:
    body = Body(together(file("film.mp4", FIVE_GIGABYTES)), most=0)
    for client in (Client(), Client(enforce_csrf_checks=True)):
        for length in (FIVE_GIGABYTES, MAX_BODY_BYTES + 1):
            response = send(client, body, length)
            assert response.status_code == 413
    assert "Choose up to 4 photos or reports of at most 10 MB each" in response.content.decode()
    assert response["Referrer-Policy"] == "no-referrer" and "/files/" not in response.content.decode()


def test_body_is_read_up_to_its_declared_length(client: Client) -> None:
    body = Body(together(field("name", "Bilal"), file("film.mp4", FIVE_GIGABYTES)), most=11 * MEGABYTE)
    assert send(client, body, 11 * MEGABYTE).status_code == 200
    body = Body(together(file("film.mp4", FIVE_GIGABYTES)), most=0)
    for said in ("", "many", "0"):
        assert send(client, body, 0, CONTENT_LENGTH=said).status_code == 200
    assert send(client, body, -5).status_code == 400


def test_nothing_of_a_file_over_the_limit_is_kept_and_the_fields_behind_it_arrive(client: Client) -> None:
    parts = (field("first", "a"), file("large.jpg", 40 * MEGABYTE), field("last", "z"))
    body = Body(together(*parts), 41 * MEGABYTE)
    tracemalloc.start()
    received = send(client, body, 40 * MEGABYTE + 10_000).json()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert received["fields"] == {"first": "a", "last": "z"}
    assert received["files"] == [{"name": "large.jpg", "size": 40 * MEGABYTE, "kept": 0}]
    assert peak < 8 * MEGABYTE, "It was held in memory."


def test_files_up_to_the_limit_are_kept_whole_but_no_fifth_one(client: Client) -> None:
    sizes = [MAX_FILE_BYTES, MAX_FILE_BYTES + 1, 1, 2 * MEGABYTE, 50, 60]
    body = Body(together(*(file(f"{size}.jpg", size) for size in sizes), field("last", "z")), MAX_BODY_BYTES)
    received = send(client, body, 23 * MEGABYTE).json()
    assert [one["size"] for one in received["files"]] == sizes
    assert [one["kept"] for one in received["files"]] == [MAX_FILE_BYTES, 0, 1, 2 * MEGABYTE, 0, 0]
    assert received["fields"] == {"last": "z"}


def test_received_file_has_no_name_on_disk(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    received = send(client, Body(together(file("a.jpg", 9 * MEGABYTE)), MAX_BODY_BYTES), 10 * MEGABYTE).json()
    assert received["files"][0]["kept"] == 9 * MEGABYTE
    assert received["on_disk"] == []


def test_broken_body_never_fails(client: Client) -> None:
    for body in (
        b"nonsense",
        f"--{BOUNDARY}\r\n".encode() * 50,
        b"".join(together(*(file(f"{number}.jpg", 1) for number in range(150)))),
        b"".join(file("a.jpg", 100)),
        b"".join(file("a.jpg", 100))[:150],
        b"".join(together(file("../../etc/\0passwd\u202e.jpg", 5))),
        b"".join(together(field("message", "x" * 3 * MEGABYTE))),
    ):
        response = send(client, Body(iter([body]), MAX_BODY_BYTES), len(body))
        assert response.status_code in (200, 400), body[:80]


def test_form_with_files_needs_its_csrf_token() -> None:
    browser = Client(enforce_csrf_checks=True)
    token = browser.get("/files/").json()["token"]
    report = {"attachments": io.BytesIO(PDF)}
    assert browser.post("/files/", report).status_code == 403
    report["attachments"].seek(0)
    response = browser.post("/files/", report | {"csrfmiddlewaretoken": token})
    assert response.status_code == 200
    assert response.json()["files"][0]["kept"] == len(PDF)
