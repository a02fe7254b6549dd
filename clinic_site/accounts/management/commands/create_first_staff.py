"""Create the first staff account of a new site and print its password once."""

import secrets
from typing import Any

from django.core.management.base import BaseCommand

from clinic_site.accounts.models import User

EMAIL = "admin@clinic.example"


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        if User.objects.filter(is_staff=True).exists():
            self.stdout.write("  Staff: accounts exist already; none is added.")
            return
        password = secrets.token_urlsafe(12)
        User.objects.create_superuser(EMAIL, password=password)
        self.stdout.write(
            f"  Staff: sign in as “{EMAIL}” with the password “{password}”. It is not shown again."
        )
