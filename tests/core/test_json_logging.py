"""The log: one JSON object per line, without personal data."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from clinic_site.core.json_logging import JsonFormatter
from tests.core.failing_urls import SECRET


class Log:
    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.split("\n") if line]


@pytest.fixture
def log() -> Iterator[Log]:
    """Lines as the site's own handler writes them."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.getLogger().addHandler(handler)
    yield Log(stream)
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def visitor(settings: Any) -> Client:
    settings.ROOT_URLCONF = "tests.core.failing_urls"
    return Client(raise_request_exception=False)


def test_request_has_one_line_with_route_status_and_time(log: Log) -> None:
    Client().get("/healthz")
    (line,) = log.lines
    assert line.pop("time").endswith("+00:00")
    assert line.pop("milliseconds") >= 0
    assert line == {
        "level": "INFO",
        "logger": "clinic_site.core.http.middleware",
        "message": "request",
        "method": "GET",
        "route": "healthz",
        "status": 200,
    }


def test_path_query_method_and_headers_are_never_logged(log: Log, db: None) -> None:
    Client().get("/r/c2VjcmV0LXRva2VuLW9mLWEtcGF0aWVudA/?name=Ayesha")
    Client().generic("EVIL\n{}", "/no-such-page/ayesha-khan/")
    headers = {"host": "evil.example", "user-agent": "ayesha-khan", "referer": "/ayesha-khan/"}
    Client().get("/", headers=headers)
    assert len(log.lines) >= 3
    for secret in ("c2VjcmV0", "ayesha", "evil"):
        assert secret not in log.text.lower()


def test_error_is_logged_by_type_and_frames(log: Log, visitor: Client) -> None:
    assert visitor.get("/fails/a-secret-token/").status_code == 500
    assert SECRET not in log.text
    assert "a-secret-token" not in log.text
    (line,) = (line for line in log.lines if "exception" in line)
    assert line["level"] == "ERROR"
    assert line["exception"] == "DatabaseError"
    assert any("failing_urls.py:" in frame and frame.endswith(" failing") for frame in line["frames"])


@pytest.mark.django_db
def test_exception_message_is_never_logged(log: Log, visitor: Client) -> None:
    for count, path in enumerate(("/chained/", "/forbidden/", "/suspicious/"), start=1):
        visitor.get(path)
        assert len(log.lines) >= count
        assert SECRET not in log.text


def test_values_are_logged_for_our_own_loggers_only(log: Log) -> None:
    logging.getLogger("somelibrary").error("row %s is wrong", SECRET)
    logging.getLogger("procedures.anything").warning("%d pages", 5, extra={"data": {"pages": 5}})
    library, own = log.lines
    assert library["message"] == "row %s is wrong"
    assert (own["message"], own["pages"], own["level"]) == ("5 pages", 5, "WARNING")


def test_any_text_stays_on_one_line(log: Log) -> None:
    texts = ["two\nlines", 'quote " and \\', "اردو", "\u2028", "\x00\x1b[31m"]
    for text in texts:
        logging.getLogger("clinic_site").info("%s", text)
    assert [line["message"] for line in log.lines] == texts


def test_stdout_handler_is_the_only_one() -> None:
    assert list(settings.LOGGING["handlers"]) == ["stdout"]
    assert settings.LOGGING["handlers"]["stdout"]["stream"] == "ext://sys.stdout"
    for name, logger in settings.LOGGING["loggers"].items():
        assert logger.get("handlers", []) == [], name
