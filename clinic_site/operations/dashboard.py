"""The panels on the first staff page: ``settings.DASHBOARD_PANELS``."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.module_loading import import_string


@dataclass(frozen=True)
class Panel:
    template: str
    context: dict[str, Any]  # the template finds it as ``panel``


def panels(request: HttpRequest) -> list[Panel]:
    """Return the panels that the signed-in person may see, in the order of the settings.

    Each panel's context function takes the HTTP request and returns None to leave the panel out.
    """
    found = [(template, import_string(path)(request)) for template, path in settings.DASHBOARD_PANELS]
    return [Panel(template, context) for template, context in found if context is not None]
