"""Strict reading of the process environment."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from django.core.exceptions import ImproperlyConfigured

YES_NO = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


class Environment:
    """Typed access to environment variables that collects problems instead of raising.

    ``finish`` raises ``ImproperlyConfigured`` with every missing or odd value, so that all are fixed at once.
    """

    def __init__(self, values: Mapping[str, str] = os.environ) -> None:
        self._values = values
        self._problems: list[str] = []

    def text(self, name: str, default: str | None = None, *, choices: tuple[str, ...] = ()) -> str:
        """Return a value. Without a default it is required; ``choices`` are the allowed values."""
        value = self._values.get(name, "").strip()
        if not value:
            if default is None:
                self._problems.append(f"{name} is not set")
            return default or ""
        if choices and value not in choices:
            self._problems.append(f"{name} must be one of {', '.join(choices)}, not {value!r}")
        return value

    def yes_no(self, name: str, default: bool) -> bool:
        value = self.text(name, "yes" if default else "no").lower()
        if value not in YES_NO:
            self._problems.append(f"{name} must be yes or no, not {value!r}")
        return YES_NO.get(value, default)

    def number(self, name: str, default: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit()):
            self._problems.append(f"{name} must be a whole number, not {value!r}")
            return default
        return int(value)

    def parsed(self, name: str, default: str, parse: Callable[[str], Any]) -> Any:
        """Return what ``parse`` makes of a value. Its ``ValueError`` completes the sentence "NAME …"."""
        try:
            return parse(self.text(name, default))
        except ValueError as error:
            self._problems.append(f"{name} {error}")

    def refuse(self, problem: str) -> None:
        self._problems.append(problem)

    def finish(self) -> None:
        if self._problems:
            raise ImproperlyConfigured(
                "The site cannot start: " + "; ".join(self._problems) + ". "
                "See the settings table in README.md, or use `make run` to try the site locally."
            )
