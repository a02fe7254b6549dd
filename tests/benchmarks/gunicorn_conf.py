"""The site's own server settings, for each application that is measured; nothing runs beside it."""

import runpy

from clinic_site import settings

_own = runpy.run_path(str(settings.BASE_DIR / "gunicorn.conf.py"))
for _name in ("worker_class", "workers", "threads", "preload_app", "keepalive", "timeout", "loglevel"):
    globals()[_name] = _own[_name]
accesslog = None
control_socket_disable = True
