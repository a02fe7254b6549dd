from contextlib import AbstractContextManager

from django.conf import settings
from django.utils.translation import override


def in_staff_language() -> AbstractContextManager[None]:
    """A note is for the staff, whichever language the patient reads."""
    return override(settings.LANGUAGE_CODE)
