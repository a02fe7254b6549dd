"""The production server. On one cheap machine: two processes of four threads, behind nginx, which waits for
slow readers and writers."""

import os
import subprocess
import sys

from clinic_site import settings

bind = settings.BIND
worker_class = "gthread"
workers = settings.WEB_CONCURRENCY
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
# No header of a request says where the site stands.
forwarder_headers = ""


# In local use the mail worker runs beside the server, one for all its processes, and so does what reminds
# of appointments. In production each is a unit of its own (docs/deployment.md).
beside: list[subprocess.Popen] = []


def when_ready(server) -> None:
    if settings.LOCAL:
        lines = (f"The site is at {settings.SITE_URL}", f"Staff sign in at {settings.SITE_URL}/staff/")
        if settings.MAIL_DELIVERY == "folder":
            lines += (f"Mail is written into {settings.MAIL_DIR}",)
        print("", *lines, "Ctrl-C stops it.", "", sep="\n", flush=True)  # noqa: T201
        manage = settings.BASE_DIR / "manage.py"
        for worker in ("send_mail", "remind"):
            # It ends by itself when this process has ended, even one that was killed.
            command = [sys.executable, str(manage), worker, "--forever", "--beside", str(os.getpid())]
            beside.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))  # noqa: S603 - our own command


def on_exit(server) -> None:
    for process in beside:
        process.terminate()
        try:
            process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
