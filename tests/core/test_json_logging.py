"""The log: one JSON object a line, and nothing of a patient's in any of them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
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
    """What the site's own handler writes."""
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


def test_every_request_has_one_line_with_its_route_status_and_time(log: Log) -> None:
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


@pytest.mark.django_db
def test_the_token_of_a_private_page_is_in_no_line(log: Log) -> None:
    Client().get("/consultation/c2VjcmV0LXRva2VuLW9mLWEtcGF0aWVudA/?name=Ayesha")
    assert log.lines
    for secret in ("c2VjcmV0", "Ayesha"):
        assert secret not in log.text


def test_what_a_stranger_asks_for_is_in_no_line(log: Log, db: None) -> None:
    Client().generic("EVIL\n{}", "/no-such-page/ayesha-khan/")
    Client().get(
        "/", headers={"host": "evil.example", "user-agent": "ayesha-khan", "referer": "/ayesha-khan/"}
    )
    assert "ayesha" not in log.text
    assert "EVIL" not in log.text


def test_an_error_is_told_by_its_type_and_the_lines_of_code(log: Log, visitor: Client) -> None:
    assert visitor.get("/fails/a-secret-token/").status_code == 500
    assert SECRET not in log.text
    assert "a-secret-token" not in log.text
    (line,) = (line for line in log.lines if "exception" in line)
    assert line["level"] == "ERROR"
    assert line["exception"] == "DatabaseError"
    assert any("failing_urls.py:" in frame and frame.endswith(" failing") for frame in line["frames"])


@pytest.mark.parametrize("path", ["/chained/", "/forbidden/", "/suspicious/"])
@pytest.mark.django_db
def test_whatever_is_raised_its_words_are_not_told(log: Log, visitor: Client, path: str) -> None:
    visitor.get(path)
    assert log.lines
    assert SECRET not in log.text


def test_a_library_that_puts_values_into_its_message_is_told_without_them(log: Log) -> None:
    logging.getLogger("somelibrary").error("row %s is wrong", SECRET)
    (line,) = log.lines
    assert line["message"] == "row %s is wrong"


def test_our_own_messages_are_told_with_their_values(log: Log) -> None:
    logging.getLogger("procedures.anything").warning("%d pages", 5, extra={"data": {"pages": 5}})
    (line,) = log.lines
    assert (line["message"], line["pages"], line["level"]) == ("5 pages", 5, "WARNING")


@pytest.mark.parametrize("text", ["two\nlines", 'quote " and \\', "اردو", "\u2028", "\x00\x1b[31m"])
def test_a_line_is_one_line_of_json_whatever_is_in_it(log: Log, text: str) -> None:
    logging.getLogger("clinic_site").info("%s", text)
    assert len(log.text.strip().split("\n")) == 1
    assert log.lines[0]["message"] == text


def test_the_process_itself_writes_this_log_and_no_other() -> None:
    """As it is set up for gunicorn too: nothing beside the one handler."""
    from django.conf import settings

    assert list(settings.LOGGING["handlers"]) == ["stdout"]
    assert settings.LOGGING["handlers"]["stdout"]["stream"] == "ext://sys.stdout"
    for name, logger in settings.LOGGING["loggers"].items():
        assert logger.get("handlers", []) == [], name
