"""The WSGI middleware: charsets, HEAD, and malformed requests."""

import json
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import RequestFactory

from clinic_site.core.http.wsgi_middleware import RequestNormalizer, normalized_content_type
from tests.consultations.http_server import Server
from tests.factories import a_notice
from tests.operations.concurrent_visitor import Visitor

TOKEN = "fQ8ZrXkW2vT5yN1mB7cD3sLhG6pJ9aRf"


@pytest.mark.django_db
def test_odd_charset_fails_no_page() -> None:
    a_notice()
    visitor = Visitor()
    for address in ("/procedures/?page=2%ff", "/consultation/?about=%5cud800", "/healthz"):
        for parameters in (
            "x*=bogus''%41",
            "charset=base64",
            "charset=idna",
            "charset=undefined",
            "charset=unicode_escape",
            ";=;",
        ):
            answer = visitor.get(address, content_type=f"text/plain; {parameters}")
            assert answer.status == (404 if "page=" in address else 200), (address, parameters)


def test_content_type_keeps_media_type_and_boundary() -> None:
    for said, kept in (
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", "application/x-www-form-urlencoded"),
        ('multipart/form-data; boundary="ab c"; charset=rot13', "multipart/form-data"),
        ("multipart/form-data; charset=rot13; boundary=--Web'1", 'multipart/form-data; boundary="--Web\'1"'),
        ('Multipart/Form-Data; Boundary="x:y"', 'Multipart/Form-Data; boundary="x:y"'),
        ("text/plain;", "text/plain"),
        (";charset=utf-7", ""),
    ):
        assert normalized_content_type(said) == kept


def test_form_is_decoded_as_utf_8() -> None:
    body = b"patient_name=%D8%B9%D9%84%DB%8C"
    environ = (
        RequestFactory()
        .generic("POST", "/", body, content_type="application/x-www-form-urlencoded; charset=utf-16")
        .environ
    )
    read: list[Any] = []

    def site(environ: Any, start_response: Any) -> list[bytes]:
        read.append(WSGIRequest(environ).POST["patient_name"])
        return []

    RequestNormalizer(site)(environ, lambda *args: lambda data: None)
    assert read == ["علی"]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_malformed_request_is_logged_without_its_path(tmp_path: Path) -> None:
    with (tmp_path / "log").open("wb") as log:
        server = Server(log, LOG_LEVEL="INFO")
        server.start()
        try:
            for line in (f"GET /r/{TOKEN}/” HTTP/1.1", f"GET /r/{TOKEN}/ HTTP/9.x"):
                with socket.create_connection(("127.0.0.1", server.port), timeout=20) as asking:
                    asking.sendall(line.encode() + b"\r\nHost: 127.0.0.1\r\n\r\n")
                    assert asking.recv(100).startswith(b"HTTP/1.1 400")
        finally:
            server.kill(signal.SIGTERM)
    text = (tmp_path / "log").read_text()
    told = [json.loads(line) for line in text.splitlines() if "gunicorn" in line]
    assert [line["message"] for line in told if "nvalid" in line["message"]] == [
        "Invalid request from ip"
    ] * 2
    assert TOKEN not in text
    assert "127.0.0.1:" not in text.replace(f"http://127.0.0.1:{server.port}", "")
    assert "Logging error" not in text
