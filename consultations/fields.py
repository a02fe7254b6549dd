"""The fields that only a request has. What every form of the site may use is in ``clinic_site.fields``."""

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError

from clinic_site.fields import FAR_TOO_LONG, EmailField, HiddenPattern, Radios, TextField, says
from clinic_site.text import plain_line
from consultations import phones
from consultations.answers import MAX_AGE
from consultations.text import ascii_digits

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

__all__ = ["AgeField", "EmailField", "HiddenPattern", "PhoneField", "Radios", "TextField", "says"]


class AgeField(forms.CharField):
    """Whole years, in the digits of any script."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        self.sentence = sentence
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> int:
        years = plain_line(ascii_digits(super().clean(plain_line(str(value or "")[:20]))))
        if not re.fullmatch(r"[0-9]{1,3}", years) or int(years) > MAX_AGE:
            raise ValidationError(self.sentence, code="invalid")
        return int(years)


class PhoneField(forms.CharField):
    """A phone number; its value is a ``phones.Phone``."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> phones.Phone:
        text = str(value or "")[:FAR_TOO_LONG]
        return phones.parse(super().clean(plain_line(text)))
