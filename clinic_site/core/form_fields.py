"""Form fields that forgive how something is written and name, in one sentence, what is wrong with it.

Each field has one sentence, an instruction, for whatever may be wrong with it, and another for text
that is too long. Nothing a browser or a bot can send makes them raise anything but ``ValidationError``.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic_site.core.email_addresses import deliverable
from clinic_site.core.text import can_be_seen, plain_line, plain_text

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

# What no person types into one field: not worth reading, let alone tidying.
FAR_TOO_LONG = 20_000

PLAIN_ADDRESS = _("Enter the part before the @ in the letters a to z, like name@example.com")


def says(sentence: "Words") -> "dict[str, Words]":
    """The same sentence for each way in which Django finds an answer missing or impossible."""
    return dict.fromkeys(("required", "invalid", "invalid_choice"), sentence)


class OneGroup:
    """What is wrong with a group is said by its fieldset, not by each button; and it takes the focus once."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)  # type: ignore[misc]
        option["attrs"].pop("aria-invalid", None)
        if option["index"] != "0":
            option["attrs"].pop("autofocus", None)
        return option


class Radios(OneGroup, forms.RadioSelect):
    """Radio buttons."""


class Boxes(OneGroup, forms.CheckboxSelectMultiple):
    """Boxes to tick, any number of them."""


class TextField(forms.CharField):
    """Text in any script, in one line or several. What cannot be seen or stored is left out of it."""

    def __init__(
        self,
        *,
        sentence: "Words" = "",
        longest: int,
        too_long: "Words",
        lines: bool = False,
        name: bool = False,
        **options: Any,
    ) -> None:
        self.sentence, self.longest, self.too_long = sentence, longest, too_long
        self.lines, self.name = lines, name
        # No ``max_length``: browsers cut pasted text at it without a word.
        super().__init__(error_messages=says(sentence), **options)

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if len(text) > FAR_TOO_LONG:
            raise self._too_long(len(text))
        text = plain_text(text) if self.lines else plain_line(text)
        if not can_be_seen(text):
            return ""
        if len(text) > self.longest:
            raise self._too_long(len(text))
        if text and self.name and not any(unicodedata.category(letter).startswith("L") for letter in text):
            raise ValidationError(self.sentence, code="invalid")
        return text

    def _too_long(self, length: int) -> ValidationError:
        return ValidationError(self.too_long, code="too_long", params={"length": length})


class EmailField(forms.EmailField):
    """An address that mail can be sent to: Django takes more, such as a Turkish dotless i."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        super().__init__(error_messages=says(sentence), max_length=None, **options)
        self.sentence = sentence

    def clean(self, value: Any) -> str:
        text = plain_line(str(value or "")[:FAR_TOO_LONG])
        if len(text) > 254:  # what the column holds, and the longest address that mail can carry
            raise ValidationError(self.sentence, code="invalid")
        address = super().clean(text)
        # "localhost", and a bare number of a machine: Django takes them, and no mail arrives there.
        _site, dot, top = address.rpartition("@")[2].rpartition(".")
        if address and not (dot and any(letter.isalpha() for letter in top)):
            raise ValidationError(self.sentence, code="invalid")
        try:
            if address:
                deliverable(address)
        except ValueError:
            raise ValidationError(PLAIN_ADDRESS, code="invalid") from None
        return address


class HiddenPattern(forms.CharField):
    """What the site itself put into a form. Nobody typed it, so it is never wrong: at worst it is ""."""

    widget = forms.HiddenInput

    def __init__(self, pattern: str, **options: Any) -> None:
        self.pattern = re.compile(pattern)
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> str:
        text = str(value or "")
        return text if self.pattern.fullmatch(text) else ""
