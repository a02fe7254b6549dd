"""Create the first staff account of a new site, and print its password once."""

import secrets
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand

NAME = "admin"


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        users = get_user_model()._default_manager
        if users.filter(is_staff=True).exists():
            self.stdout.write("  Staff: kept as they are.")
            return
        password = secrets.token_urlsafe(12)
        users.create_superuser(NAME, password=password)
        self.stdout.write(
            f"  Staff: sign in as “{NAME}” with the password “{password}”. It is not shown again."
        )
