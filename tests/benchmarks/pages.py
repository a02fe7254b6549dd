"""Prints, for each content page of the site in DATA_DIR, its queries and its bytes."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
os.environ["LOG_LEVEL"] = "ERROR"

from clinic_site.wsgi import site  # noqa: F401  (sets Django up)
from django.core.cache import caches
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.operations.concurrent_visitor import Visitor

PAGES = (
    "/",
    "/procedures/",
    "/procedures/nerve-repair/",
    "/surgeons/",
    "/clinic/",
    "/privacy/",
    "/accessibility/",
    "/about-our-information/",
    "/consultation/emergency/",
)


def main() -> None:
    print(f"{'page':28}{'queries cold':>13}{'warm':>6}{'identity':>10}{'gzip':>8}{'br':>8}  bytes")
    for address in PAGES:
        visitor = Visitor()
        caches["pages"].clear()
        with CaptureQueriesContext(connection) as cold:
            status = visitor.get(address).status
        with CaptureQueriesContext(connection) as warm:
            size = {
                name: len(visitor.get(address, accept_encoding=name).body)
                for name in ("identity", "gzip", "br")
            }
        sizes = f"{size['identity']:10,}{size['gzip']:8,}{size['br']:8,}"
        print(
            f"{address:28}{len(cold):13}{len(warm) // 3:6}{sizes}" + ("" if status == 200 else f"  {status}!")
        )


if __name__ == "__main__":
    main()
