from contextlib import AbstractContextManager

from django.conf import settings
from django.utils.translation import override


def in_staff_language() -> AbstractContextManager[None]:
    """Notes are for staff, whichever language the patient reads."""
    return override(settings.LANGUAGE_CODE)
