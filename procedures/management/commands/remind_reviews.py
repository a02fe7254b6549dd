"""Mail editors the pages due for review. Run daily: each address gets one mail a week."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from procedures.staff import review_reminders


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        sent = review_reminders.send_reminders(timezone.localdate())
        self.stdout.write(f"Reminders queued: {sent}")
