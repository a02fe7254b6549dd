"""Form fields with forgiving input and one instruction as their error message.

Another message is for text that is too long. No input makes them raise anything but ``ValidationError``.
"""

import re
import unicodedata
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinic_site.core.email_addresses import deliverable
from clinic_site.core.text import ascii_digits, can_be_seen, plain_line, plain_text

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or lazily translated text

# Longer input is refused before it is cleaned.
MAX_INPUT_LENGTH = 20_000

PLAIN_ADDRESS = _("Enter the part before the @ in the letters a to z, like name@example.com")


def says(sentence: "Words") -> "dict[str, Words]":
    """Return ``error_messages`` with the same sentence for a missing and an invalid answer."""
    return dict.fromkeys(("required", "invalid", "invalid_choice"), sentence)


class OneGroup:
    """Leave the error state to the fieldset of a group, and the focus to its first input."""

    def create_option(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option: dict[str, Any] = super().create_option(*args, **kwargs)  # type: ignore[misc]
        option["attrs"].pop("aria-invalid", None)
        if option["index"] != "0":
            option["attrs"].pop("autofocus", None)
        return option


class Radios(OneGroup, forms.RadioSelect):
    """Radio buttons whose fieldset shows the error."""


class Checkboxes(OneGroup, forms.CheckboxSelectMultiple):
    """Checkboxes whose fieldset shows the error."""


class TextField(forms.CharField):
    """Text in any script, on one line or several, without invisible and control characters."""

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
        # No ``max_length``: browsers silently cut pasted text at it.
        super().__init__(error_messages=says(sentence), **options)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        """Write Urdu from right to left while it is typed."""
        return super().widget_attrs(widget) | {"dir": widget.attrs.get("dir", "auto")}

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if len(text) > MAX_INPUT_LENGTH:
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
    """An address that mail can be sent to. Django accepts more, such as a dotless i."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        super().__init__(error_messages=says(sentence), max_length=None, **options)
        self.sentence = sentence

    def clean(self, value: Any) -> str:
        text = ascii_digits(plain_line(str(value or "")[:MAX_INPUT_LENGTH]))
        if len(text) > 254:  # the longest address that mail allows, and the column's length
            raise ValidationError(self.sentence, code="invalid")
        address: str = super().clean(text)
        # Django accepts "localhost" and IP addresses, which no patient can mean.
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
    """A value that the site put into the form: never an error, "" if it does not match the pattern."""

    widget = forms.HiddenInput

    def __init__(self, pattern: str, **options: Any) -> None:
        self.pattern = re.compile(pattern)
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> str:
        text = str(value or "")
        return text if self.pattern.fullmatch(text) else ""
