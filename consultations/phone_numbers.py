"""Phone numbers, as people in Pakistan and abroad write them.

``phonenumbers`` knows the numbering plans. This module first normalizes what people paste from WhatsApp or
type on an Urdu keyboard.
"""

import re
import unicodedata
from dataclasses import dataclass

import phonenumbers
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from clinic_site.core.text import ascii_digits

HOME = "PK"
HOME_CODE = 92

# As typed, with spaces, an extension and a name. The longest number in the world has 15 digits.
MAX_LENGTH = 80
MAX_EXTENSION_LENGTH = 7
# "(Ali)" beside a number.
NAME_IN_BRACKETS = re.compile(r"[(\[][^\W\d][^\d()\[\]]*[)\]]")
EXTENSION = re.compile(
    rf"[\s,;]*(?:extension|extn|ext|x|#|ایکسٹینشن)[\s.:=]*([0-9]{{1,{MAX_EXTENSION_LENGTH}}})\Z", re.I
)

INSTRUCTION = _("Enter one phone number, like 0301 2345678, 042 3576 1999 or +44 20 7946 0018")

SPACING = {"Zs", "Pd", "Ps", "Pe", "Cf"}  # Unicode categories
MOBILE_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE)


@dataclass(frozen=True)
class Phone:
    """A valid number: as the person typed it, and in E.164, like "+923012345678"; an extension or "".

    ``is_mobile``: whether it can receive SMS or WhatsApp messages.
    """

    as_typed: str
    e164: str
    is_mobile: bool
    extension: str = ""

    def fields(self) -> dict[str, str]:
        """Return the number as fields of ``PatientAnswers``."""
        return {"phone": self.e164, "phone_as_typed": self.as_typed, "phone_extension": self.extension}


def parse(text: str) -> Phone:
    """Parse a phone number. Raises ``ValidationError`` with an instruction for the person who typed it."""
    as_typed = text.strip()
    if len(as_typed) > MAX_LENGTH:
        raise ValidationError(INSTRUCTION, code="invalid")
    written = ascii_digits(unicodedata.normalize("NFKC", as_typed))
    written = NAME_IN_BRACKETS.sub(" ", re.sub(r"(?i)^tel:", "", written)).strip(" ,;")
    extension = ""
    if found := EXTENSION.search(written):
        written, extension = written[: found.start()], found[1]
    written = _bare(written)
    digits = written.removeprefix("+")
    if digits.startswith("00"):
        written = f"+{digits.lstrip('0')}"
    elif digits.startswith("0"):
        written = digits  # "+0301…" is a slip: no country code begins with 0
    try:
        number = phonenumbers.parse(written, HOME)
    except NumberParseException:
        raise ValidationError(INSTRUCTION, code="invalid") from None
    if not (_is_home_mobile(number) or phonenumbers.is_valid_number(number)):
        raise ValidationError(INSTRUCTION, code="invalid")
    visible = "".join(character for character in as_typed if unicodedata.category(character) != "Cf")
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return Phone(visible.replace("\t", " "), e164, _is_mobile(number), extension)


def is_mobile(e164: str) -> bool:
    """Return whether this number can receive SMS or WhatsApp messages."""
    if not e164:
        return False
    return _is_mobile(phonenumbers.parse(e164))


def for_reading(e164: str, extension: str = "") -> str:
    """Format a number as people here write it: "0301 2345678", or "+44 20 7946 0018"; "" for ""."""
    if not e164:
        return ""
    number = phonenumbers.parse(e164)
    at_home = number.country_code == HOME_CODE
    text = phonenumbers.format_number(
        number, PhoneNumberFormat.NATIONAL if at_home else PhoneNumberFormat.INTERNATIONAL
    )
    return f"{text} ext. {extension}" if extension else text


def whatsapp_link(e164: str) -> str:
    """Return the URL that opens a WhatsApp chat with this number; "" if it is no mobile number."""
    return f"https://wa.me/{e164.removeprefix('+')}" if is_mobile(e164) else ""


def digits_to_find(text: str) -> str:
    """Return the part of an E.164 number to search for; "" if ``text`` is no phone number.

    A whole number in any spelling gives its E.164; four digits or more give those digits, without
    leading zeros.
    """
    try:
        return parse(text).e164
    except ValidationError:
        pass
    try:
        digits = _bare(text).removeprefix("+").lstrip("0")
    except ValidationError:
        return ""
    return digits if len(digits) >= 4 else ""


def _bare(text: str) -> str:
    """Return the digits in ASCII, with a leading plus sign if there is one.

    Raises ``ValidationError`` for anything but digits and what people write between them: spaces, dashes of
    every width, dots, brackets, and invisible marks.
    """
    bare = ""
    for character in ascii_digits(unicodedata.normalize("NFKC", text)):
        if character in "0123456789" or (character == "+" and not bare):
            bare += character
        elif unicodedata.category(character) not in SPACING and character not in ".·−\t":
            raise ValidationError(INSTRUCTION, code="invalid")
    return bare


def _is_mobile(number: PhoneNumber) -> bool:
    return _is_home_mobile(number) or phonenumbers.number_type(number) in MOBILE_TYPES


def _is_home_mobile(number: PhoneNumber) -> bool:
    """03 and nine digits: operators open new ranges before the library knows them."""
    national = str(number.national_number)
    return number.country_code == HOME_CODE and len(national) == 10 and national.startswith("3")
