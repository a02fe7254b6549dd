"""The production server. On one cheap machine: two processes of four threads, behind nginx or alone."""

import os

from clinic_site import settings

bind = os.environ.get("BIND", f"127.0.0.1:{settings.PORT}")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
# One copy of the code in memory for all processes. No database connection is open before the fork.
preload_app = True
# A request takes milliseconds. One that takes half a minute is stuck.
timeout = 30
graceful_timeout = 30
keepalive = 5
# Every request has its line in the site's own log, without its address.
accesslog = None
loglevel = "warning"
logconfig_dict = settings.LOGGING
control_socket_disable = True


def when_ready(server) -> None:
    if settings.LOCAL:
        lines = (f"The site is at {settings.SITE_URL}", f"Staff sign in at {settings.SITE_URL}/staff/")
        print("", *lines, "Ctrl-C stops it.", "", sep="\n", flush=True)  # noqa: T201
