"""The shipped nginx site in front of a server, without TLS."""

import contextlib
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "deploy" / "nginx" / "clinic.conf"


def missing() -> str:
    """What this machine lacks; "" when nothing."""
    return "" if shutil.which("nginx") else "there is no nginx: apt-get install nginx"


def shipped_site(folder: Path, site_port: int, port: int) -> str:
    """Return the shipped server block, without TLS, on a free port and in front of ``site_port``."""
    text = SHIPPED.read_text()
    text = re.sub(r"\nserver \{\s*listen 80;.*?\n\}\n", "", text, flags=re.DOTALL)
    text = re.sub(
        r"^\s*(listen|ssl_certificate|ssl_certificate_key|server_name) .*\n", "", text, flags=re.MULTILINE
    )
    text = text.replace("\nserver {", f"\nserver {{\n    listen 127.0.0.1:{port};", 1)
    text = text.replace("server 127.0.0.1:8000", f"server 127.0.0.1:{site_port}")
    text = text.replace("/srv/clinic/site", str(ROOT))
    text = text.replace("X-Forwarded-Proto $scheme", "X-Forwarded-Proto https")
    return text.replace("/var/cache/nginx/clinic", str(folder / "cache")).replace(
        "/var/log/nginx", str(folder)
    )


@contextlib.contextmanager
def nginx(site_port: int, ports: tuple[int, int]) -> Iterator[Path]:
    """Serve the site through the shipped configuration on the first port, and a folder on the second.

    Yields the folder that the second port serves.
    """
    with tempfile.TemporaryDirectory(prefix="clinic-nginx-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "files").mkdir()
        (folder / "nginx.conf").write_text(
            f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
            f"events {{ worker_connections 1024; }}\nhttp {{\n{shipped_site(folder, site_port, ports[0])}\n"
            f"server {{ listen 127.0.0.1:{ports[1]}; access_log {folder}/files.log clinic;\n"
            f"default_type text/html; root {folder}/files; }}\n}}\n"
        )
        process = subprocess.Popen(
            ["nginx", "-c", folder / "nginx.conf", "-p", folder], stderr=subprocess.DEVNULL
        )
        try:
            time.sleep(0.5)
            yield folder / "files"
        finally:
            process.terminate()
            process.wait(timeout=10)
