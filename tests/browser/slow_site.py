"""A site that answers late and in two halves, to clicks that wait for nothing.

A test that reads a page before it has arrived passes on a quick machine and fails now and then on a busy
one. With SLOW_SITE=0.6 (seconds, before and in the middle of each response) it fails every time.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest
from playwright.sync_api import Locator

SECONDS = float(os.environ.get("SLOW_SITE", "0"))

Application = Callable[..., Any]


def slowed(application: Application) -> Application:
    """Return the WSGI application, delayed where SLOW_SITE asks for it."""

    def late(*call: Any) -> Iterator[bytes]:
        response = application(*call)
        time.sleep(SECONDS)
        return in_halves(response)

    return late if SECONDS else application


def in_halves(response: Any) -> Iterator[bytes]:
    with closing(response):
        body = b"".join(response)
    half = len(body) // 3
    yield body[:half]
    time.sleep(SECONDS)
    yield body[half:]


def click_without_waiting(patch: pytest.MonkeyPatch) -> None:
    """Make Playwright's clicks return at once, without waiting for the navigation they start."""
    for act in (Locator.click, Locator.press):
        patch.setattr(Locator, act.__name__, _at_once(act))


def _at_once(act: Any) -> Any:
    return lambda self, *what, **options: act(self, *what, **{"no_wait_after": True} | options)
