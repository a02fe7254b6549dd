"""Form fields of the request form and the private page."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.form_fields import (
    MAX_INPUT_LENGTH,
    Checkboxes,
    EmailField,
    HiddenPattern,
    Radios,
    TextField,
    says,
)
from clinic_site.core.text import plain_line
from consultations import phone_numbers
from consultations.answers import MAX_AGE
from consultations.intake.upload_cleaning import CleanFile, clean_upload
from consultations.intake.upload_limits import MAX_FILES_PER_UPLOAD
from consultations.text_folding import ascii_digits

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language

__all__ = [
    "FILES_HINT",
    "AgeField",
    "EmailField",
    "FilesField",
    "HiddenPattern",
    "MultipleChoiceBoxes",
    "PhoneField",
    "Radios",
    "TextField",
    "says",
    "valid_files",
]


class AgeField(forms.CharField):
    """An age in whole years, in the digits of any script."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        self.sentence = sentence
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> int:
        years = plain_line(ascii_digits(super().clean(plain_line(str(value or "")[:20]))))
        if not re.fullmatch(r"[0-9]{1,3}", years) or int(years) > MAX_AGE:
            raise ValidationError(self.sentence, code="invalid")
        return int(years)


class PhoneField(forms.CharField):
    """A phone number. The value is a ``phone_numbers.Phone``, or None if it is optional and empty."""

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        self.sentence = sentence
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> phone_numbers.Phone | None:
        text = super().clean(plain_line(str(value or "")[:MAX_INPUT_LENGTH]))
        try:
            return phone_numbers.parse(text) if text else None
        except ValidationError:
            raise ValidationError(self.sentence, code="invalid") from None


class MultipleChoiceBoxes(forms.TypedMultipleChoiceField):
    """Optional checkboxes. Values that are not offered are ignored."""

    widget = Checkboxes

    def __init__(self, **options: Any) -> None:
        super().__init__(required=False, **options)

    def clean(self, value: Any) -> list[Any]:
        sent = {str(each) for each in value} if isinstance(value, (list, tuple)) else set()
        offered = [choice for choice, _label in self.widget.choices]
        return [self.coerce(choice) for choice in offered if str(choice) in sent]


FILES_HINT = gettext_lazy(
    "Up to 4 files of at most 10 MB each. Photographs in JPEG, PNG, WebP or HEIC; reports in PDF. "
    "The place where a photograph was taken is removed."
)


class FilesInput(forms.FileInput):
    """One control for several files. ``accept`` only helps to pick; it names the endings of HEIC files too,
    because few systems know their type."""

    allow_multiple_selected = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        accept = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif,application/pdf"
        super().__init__({"multiple": True, "accept": accept} | (attrs or {}))

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[UploadedFile]:
        found = files.getlist(name) if hasattr(files, "getlist") else files.get(name)
        return found if isinstance(found, list) else [found]


class WrongFileError(ValidationError):
    """One of several files is invalid; ``others`` are the valid ones sent with it."""

    others: tuple[CleanFile, ...] = ()


class FilesField(forms.FileField):
    """Photographs and reports. The value is a list of ``CleanFile``, empty if none was chosen.

    There is one error for each invalid file, with its place in the list and its name.
    """

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[CleanFile]:
        uploads = [upload for upload in data or [] if isinstance(upload, UploadedFile)]
        if not uploads and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        if len(uploads) > MAX_FILES_PER_UPLOAD:
            raise ValidationError(
                _("Choose at most %(most)d files"), code="too_many", params={"most": MAX_FILES_PER_UPLOAD}
            )
        whole: list[CleanFile] = []
        wrong: list[WrongFileError] = []
        for place, upload in enumerate(uploads, start=1):
            try:
                whole.append(clean_upload(upload))
            except ValidationError as error:
                wrong.append(_named(error, place, upload))
        for problem in wrong:
            problem.others = tuple(whole)
        if wrong:
            raise ValidationError(wrong)
        return whole

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


def valid_files(form: forms.BaseForm, name: str) -> list[CleanFile]:
    """Return the valid files of a field with errors, so that they need not be sent again."""
    errors = form.errors.as_data().get(name, [])
    return next((list(error.others) for error in errors if isinstance(error, WrongFileError)), [])


def _named(error: ValidationError, place: int, upload: UploadedFile) -> WrongFileError:
    name = Truncator(plain_line(upload.name or "")).chars(40)
    return WrongFileError(
        _("File %(place)d (%(name)s): %(problem)s"),
        code=error.code,
        params={"place": place, "name": name, "problem": error.messages[0]},
    )
