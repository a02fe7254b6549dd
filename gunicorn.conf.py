"""The production server: two processes, behind nginx, which buffers slow connections."""

import os
import subprocess
import sys

from clinic_site import settings

bind = settings.BIND
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
# More than may wait for the database at once (core/sqlite_writers.py): the others still serve pages.
threads = 32 if "sqlite" in settings.DATABASES["default"]["ENGINE"] else 16
# Seconds. A thread releases the interpreter lock at each SQL statement and waits up to this long to get it
# back from a busy thread. With Python's default of 5 ms, SQLite's only write lock would be held for as long.
sys.setswitchinterval(0.0005)
# The processes share the code's memory. No database connection is open before the fork.
preload_app = True
# A request takes milliseconds. One that takes half a minute is stuck.
timeout = 30
graceful_timeout = 30
keepalive = 5
# The site's own log has a line for every request, without its path.
accesslog = None
loglevel = "warning"
logconfig_dict = settings.LOGGING
control_socket_disable = True
# No request header sets SCRIPT_NAME.
forwarder_headers = ""


# In local mode the mail and reminder workers run beside the server. In production each is a unit of its own
# (docs/deployment.md).
workers_beside: list[subprocess.Popen] = []


def when_ready(server) -> None:
    if settings.LOCAL:
        lines = (f"The site is at {settings.SITE_URL}", f"Staff sign in at {settings.SITE_URL}/staff/")
        if settings.MAIL_DELIVERY == "folder":
            lines += (f"Mail is written into {settings.MAIL_DIR}",)
        print("", *lines, "Ctrl-C stops it.", "", sep="\n", flush=True)  # noqa: T201
        manage = settings.BASE_DIR / "manage.py"
        for worker in ("send_mail", "remind"):
            # Ends by itself when this process has ended, even when killed.
            command = [sys.executable, str(manage), worker, "--forever", "--beside", str(os.getpid())]
            workers_beside.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))  # noqa: S603 - our own command


def on_exit(server) -> None:
    for process in workers_beside:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
