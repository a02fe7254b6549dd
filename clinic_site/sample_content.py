"""The sample content that a new site starts with. Each app registers what it brings."""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

_loaders: list[tuple[int, Callable[[], str]]] = []


def register(order: int, load: Callable[[], str]) -> None:
    """Add a loader; lower orders run first.

    A loader may run any number of times, never overwrites what is there, and returns one sentence
    that says what it did.
    """
    _loaders.append((order, load))


def load_all() -> list[str]:
    return [load() for _order, load in sorted(_loaders, key=lambda loader: loader[0])]


def read(path: Path) -> dict[str, Any]:
    """A content file, as plain data."""
    return tomllib.loads(path.read_text(encoding="utf-8"))
