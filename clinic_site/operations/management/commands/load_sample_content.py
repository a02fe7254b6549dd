"""Fill a new site with sample content. May be run again: existing rows are never overwritten."""

from typing import Any

from django.core.management.base import BaseCommand

from clinic_site.operations import sample_content


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        for sentence in sample_content.load_all():
            self.stdout.write(f"  {sentence}")
