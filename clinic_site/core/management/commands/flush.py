"""Django's flush, which may also empty the append-only tables in local mode."""

from typing import Any

from django.conf import settings
from django.core.management.commands import flush

from clinic_site.core import append_only


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        if settings.LOCAL:
            append_only.remove_triggers(options["database"])
        try:
            super().handle(**options)
        finally:
            append_only.install_triggers(options["database"])
