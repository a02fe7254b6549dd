"""Form fields of the request form and the private page, beside those of ``clinic_site.core.form_fields``."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinic_site.core.form_fields import MAX_INPUT_LENGTH, Checkboxes, says
from clinic_site.core.http.languages import active_language
from clinic_site.core.text import ascii_digits, plain_line
from consultations import phone_numbers
from consultations.answers import AGE_LENGTH, MAX_AGE
from consultations.intake import procedure_choices
from consultations.intake.upload_cleaning import CleanFile, clean_upload
from consultations.intake.upload_limits import MAX_FILES_PER_UPLOAD

if TYPE_CHECKING:
    from django.utils.functional import _StrOrPromise as Words  # text, or text that waits for its language


class AboutField(forms.ChoiceField):
    """What the request is about. The value is that of ``procedure_choices.find``, {} if not answered.

    One narrow query validates it: the choices are read only to be shown.
    """

    def clean(self, value: Any) -> dict[str, Any]:
        if not value and not self.required:
            return {}
        about = procedure_choices.find(str(value or ""), active_language())
        if about is None:
            raise ValidationError(self.error_messages["invalid_choice"], code="invalid")
        return about


# How many of these make a year. People write "40", "40 years", "8 months", "2 years 3 months" or "4.5", in
# English, Urdu and Roman Urdu.
UNITS = {
    1: r"years?|yrs?|y|saal|sal|سال|برس",
    12: r"months?|mos?|m|maah|mah|mahin[ae]y?|ماہ|مہینے|مہینہ|مہینوں",
    52: r"weeks?|wks?|w|haft[ae]y?|ہفتے|ہفتہ|ہفتوں",
    365: r"days?|d|din|دن|دنوں",
    8760: r"hours?|hrs?|h|ghant[ae]y?|گھنٹے|گھنٹہ|گھنٹوں",
}
NEWBORN = re.compile(r"(?:just|new)[ -]?born(?: baby)?|نومولود|نوزائیدہ", re.IGNORECASE)
AGE = re.compile(
    rf"([0-9]{{1,4}})(?:[.,][0-9]{{1,2}})?[ -]?({'|'.join(UNITS.values())})?\.?"
    rf"(?:(?: ?,| and)? ?[0-9]{{1,2}} ?(?:{UNITS[12]}|{UNITS[365]}))?(?: old| k[aei]| کا| کی| کے)?",
    re.IGNORECASE,
)


YOUNGER_THAN_ONE = gettext_lazy("For a baby, write the age like this: 8 months, or 10 days")


class AgeField(forms.CharField):
    """An age in the digits of any script, as whole years; None if it is optional and empty.

    A year of birth is an error that suggests an age.
    """

    def __init__(self, *, sentence: "Words", **options: Any) -> None:
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> int | None:
        written = ascii_digits(super().clean(plain_line(str(value or "")[:AGE_LENGTH])))
        if not written:
            return None
        found = AGE.fullmatch("0" if NEWBORN.fullmatch(written) else written)
        if not found:
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        number, unit = int(found[1]), found[2] or "years"
        if not found[2] and number > MAX_AGE:
            since = timezone.localdate().year - number
            if 0 <= since <= MAX_AGE:
                asks = _("Is the patient %(years)d? Write the age in years") if since else YOUNGER_THAN_ONE
                raise ValidationError(asks, code="year", params={"years": since})
        for in_a_year, names in UNITS.items():
            if re.fullmatch(names, unit, re.IGNORECASE) and number // in_a_year <= MAX_AGE:
                return number // in_a_year
        raise ValidationError(self.error_messages["invalid"], code="invalid")


class PhoneField(forms.CharField):
    """A phone number. The value is a ``phone_numbers.Phone``, or None if it is optional and empty."""

    def __init__(self, *, sentence: "Words" = phone_numbers.INSTRUCTION, **options: Any) -> None:
        super().__init__(error_messages=says(sentence), **options)

    def clean(self, value: Any) -> phone_numbers.Phone | None:
        text = super().clean(plain_line(str(value or "")[:MAX_INPUT_LENGTH]))
        try:
            return phone_numbers.parse(text) if text else None
        except ValidationError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


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
    "Up to 4 files of at most 10 MB each: photos in JPEG, PNG, WebP or HEIC, reports in PDF. "
    "We remove the location from your photos."
)
MAX_NAME_LENGTH = 60  # as ``Attachment.original_name``
# Only a help to pick files. It names the endings of HEIC files too, because few systems know their type.
ACCEPT = "image/jpeg,image/png,image/webp,image/heic,image/heif,.heic,.heif,application/pdf"


def listed(names: Iterable[str]) -> str:
    """Return file names in one line, cut where it gets long."""
    return Truncator(_(", ").join(names)).chars(300)


class FilesInput(forms.FileInput):
    """One control for several files."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Photographs and reports. The value is a list of ``CleanFile``, empty if none was chosen.

    There is one error for each invalid file, with its place in the list and its name. ``valid`` has the
    others, so that they need not be sent again.
    """

    widget = FilesInput({"accept": ACCEPT})
    network = ""  # as in ``clean_upload``
    valid: list[CleanFile]

    def clean(self, data: Any, initial: Any = None) -> list[CleanFile]:
        self.valid = []
        sent = data if isinstance(data, list) else []
        uploads = [upload for upload in sent if isinstance(upload, UploadedFile)]
        if not uploads and self.required:
            raise ValidationError(self.error_messages["required"], code="required")
        names = [Truncator(plain_line(upload.name or "")).chars(MAX_NAME_LENGTH) for upload in uploads]
        wrong = []
        # The upload handler keeps nothing of the fifth and later files.
        for place, upload in enumerate(uploads[:MAX_FILES_PER_UPLOAD], start=1):
            name = names[place - 1]
            try:
                self.valid.append(replace(clean_upload(upload, self.network), name=name))
            except ValidationError as error:
                params = {"place": place, "name": name, "problem": error.messages[0]}
                wrong.append(ValidationError(_("File %(place)d (%(name)s): %(problem)s"), error.code, params))
        if left_over := names[MAX_FILES_PER_UPLOAD:]:
            params = {"most": MAX_FILES_PER_UPLOAD, "names": listed(left_over)}
            sentence = _("Add at most %(most)d files at a time. Not added: %(names)s")
            wrong.append(ValidationError(sentence, "too_many", params))
        if wrong:
            raise ValidationError(wrong)
        return self.valid


def valid_files(form: forms.BaseForm, name: str, network: str) -> list[CleanFile]:
    """Validate a form, and return the valid files of its ``FilesField``, also when others have errors.

    The work of decoding them counts for ``network``.
    """
    field = form.fields[name]
    assert isinstance(field, FilesField)
    field.network = network
    form.is_valid()
    return field.valid
