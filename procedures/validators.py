"""Validators of draft content."""

from django.core.exceptions import ValidationError
from django.utils.deconstruct import deconstructible
from django.utils.translation import gettext_lazy as _


def lines(text: str) -> tuple[str, ...]:
    """Return the lines of a text without blank ones."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


@deconstructible
class OneItemPerLine:
    """At most ``items`` lines of at most ``length`` characters each."""

    def __init__(self, *, items: int, length: int) -> None:
        self.items = items
        self.length = length

    def __call__(self, value: str) -> None:
        found = lines(value)
        if len(found) > self.items:
            raise ValidationError(
                _("Write at most %(items)d lines; there are %(found)d."),
                params={"items": self.items, "found": len(found)},
            )
        for number, line in enumerate(found, start=1):
            if len(line) > self.length:
                raise ValidationError(
                    _("Shorten line %(number)d to %(length)d characters; it has %(found)d."),
                    params={"number": number, "length": self.length, "found": len(line)},
                )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, OneItemPerLine) and (self.items, self.length) == (other.items, other.length)

    def __hash__(self) -> int:
        return hash((self.items, self.length))
