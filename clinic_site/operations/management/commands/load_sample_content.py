"""Fill a new site with sample content. May be run again: existing rows are never overwritten."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django.utils.module_loading import import_string


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for path in settings.SAMPLE_CONTENT_LOADERS:
            # Each returns a sentence that says what it did.
            self.stdout.write(f"  {import_string(path)()}")
