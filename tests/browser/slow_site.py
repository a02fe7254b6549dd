"""A site that answers late and in two halves, to clicks that wait for nothing.

A test that reads a page before it is there, or only the half of it, passes on a quick machine and fails
now and then on a busy one. Here it fails each time: SLOW_SITE=0.6 (seconds, before the answer and in the
middle of it) for a long look.
"""

import os
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from django.contrib.staticfiles.handlers import StaticFilesHandler
from playwright.sync_api import Locator

SECONDS = float(os.environ.get("SLOW_SITE", "0"))


def slow_down(patch: pytest.MonkeyPatch) -> None:
    answer = StaticFilesHandler.__call__

    def late(self: Any, *asked: Any) -> Iterator[bytes]:
        response = answer(self, *asked)
        time.sleep(SECONDS)
        return in_halves(response)

    patch.setattr(StaticFilesHandler, "__call__", late)
    for act in (Locator.click, Locator.press):
        patch.setattr(Locator, act.__name__, at_once(act))


def in_halves(response: Any) -> Iterator[bytes]:
    with closing(response):
        body = b"".join(response)
    half = len(body) // 3
    yield body[:half]
    time.sleep(SECONDS)
    yield body[half:]


def at_once(act: Any) -> Any:
    return lambda self, *what, **options: act(self, *what, **{"no_wait_after": True} | options)
