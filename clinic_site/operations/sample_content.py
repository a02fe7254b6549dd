"""The sample content that a new site starts with: ``settings.SAMPLE_CONTENT_LOADERS``."""

from django.conf import settings
from django.utils.module_loading import import_string


def load_all() -> list[str]:
    """Run every loader and return one sentence from each that says what it did.

    A loader may run any number of times and never overwrites existing rows.
    """
    return [import_string(path)() for path in settings.SAMPLE_CONTENT_LOADERS]
