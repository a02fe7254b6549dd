"""Report that the site's port is taken before anything else is done."""

import socket
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError


class Command(BaseCommand):
    help = __doc__
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        with socket.socket() as probe:
            # Like the server: a port whose last connection has just closed is free.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", settings.PORT))
            except PermissionError:
                raise CommandError(
                    f"Port {settings.PORT} needs an administrator. "
                    "Choose one from 1024 up: make run PORT=8080"
                ) from None
            except OSError:
                raise CommandError(
                    f"Port {settings.PORT} is in use, perhaps by this site already running. "
                    f"Stop that, or choose another port: make run PORT={settings.PORT + 1}"
                ) from None
