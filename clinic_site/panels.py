"""The panels of the staff index: what needs doing. Each app registers its own."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

Context = dict[str, Any]


@dataclass(frozen=True)
class Panel:
    template: str
    context: Context


_panels: list[tuple[int, str, Callable[[HttpRequest], Context | None]]] = []


def register(order: int, template: str, context: Callable[[HttpRequest], Context | None]) -> None:
    """Add a panel; lower orders stand first.

    ``context(request)`` asks what the person signed in may see: None leaves the panel out. The template
    finds what it returned as ``panel``.
    """
    _panels.append((order, template, context))


def panels(request: HttpRequest) -> list[Panel]:
    """The panels for the person signed in."""
    found = [
        (template, context(request))
        for _order, template, context in sorted(_panels, key=lambda panel: panel[0])
    ]
    return [Panel(template, context) for template, context in found if context is not None]
