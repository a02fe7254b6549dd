"""What a change falls on elsewhere. The site knows of no appointments; the app that does says so."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.db.models import Model
from django.http import HttpRequest

Affected = Callable[[Any, User], str]

_affected: dict[type[Model], list[Affected]] = defaultdict(list)


def register(model: type[Model], affected: Affected) -> None:
    """``affected(changed, by)`` says what a row that ``by`` has just changed falls on; "" for nothing."""
    _affected[model].append(affected)


def warn(request: HttpRequest, changed: Model) -> None:
    """Tell whoever has changed it what they have to know."""
    assert isinstance(request.user, User)
    for affected in _affected[type(changed)]:
        if sentence := affected(changed, request.user):
            messages.warning(request, sentence)
