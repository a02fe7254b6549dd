"""What a closure falls on. The site knows of no appointments; the app that does says so."""

from collections.abc import Callable

from clinic_site.models import Closure

_affected: list[Callable[[Closure], str]] = []


def register(affected: Callable[[Closure], str]) -> None:
    """``affected(closure)`` names what stands on its days as a sentence; "" where nothing does."""
    _affected.append(affected)


def warnings(closure: Closure) -> list[str]:
    """What whoever saves it has to know."""
    return [sentence for affected in _affected if (sentence := affected(closure))]
