"""Print the queries and bytes of each content page of the site in DATA_DIR."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")
os.environ["LOG_LEVEL"] = "ERROR"

from clinic_site.wsgi import application  # noqa: F401  (sets Django up)
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.core.content_pages import CONTENT_PAGES
from tests.operations.concurrent_visitor import Visitor

ENCODINGS = ("identity", "gzip", "br")


def main() -> None:
    print(f"{'page':28}{'queries cold':>13}{'warm':>6}{'identity':>10}{'gzip':>8}{'br':>8}  bytes")
    for address in CONTENT_PAGES:
        visitor = Visitor()
        with CaptureQueriesContext(connection) as cold:
            status = visitor.get(address).status
        with CaptureQueriesContext(connection) as warm:
            sizes = [len(visitor.get(address, accept_encoding=name).body) for name in ENCODINGS]
        columns = "{:10,}{:8,}{:8,}".format(*sizes)
        failure = "" if status == 200 else f"  {status}!"
        print(f"{address:28}{len(cold):13}{len(warm) // len(sizes):6}{columns}{failure}")


if __name__ == "__main__":
    main()
