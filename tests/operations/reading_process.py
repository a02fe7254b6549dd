"""One process of the site that reads one page, for tests with several: ``python -m`` this, with an address.

For each line it is sent it asks for the page, and answers with a line: the version the page says it has.
With "hold" it stops when it has read the document, says "holding", and goes on at the next line.
"""

import os
import re
import sys
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "clinic_site.settings")

from clinic_site.wsgi import site  # noqa: F401  (sets Django up)
from procedures.public import selectors
from tests.operations.concurrent_visitor import Visitor

VERSION = re.compile(r"This is text number (\d+)")


def main() -> None:
    visitor, address = Visitor(), sys.argv[1]
    read = selectors.live_procedure

    def held(*args: Any) -> Any:
        document = read(*args)
        say("holding")
        sys.stdin.readline()
        return document

    for line in sys.stdin:
        selectors.live_procedure = held if line.strip() == "hold" else read
        answer = visitor.get(address)
        found = VERSION.search(answer.text)
        say(found[1] if found else f"status {answer.status}")


def say(word: str) -> None:
    # Standard output holds the request log, too.
    print(f"says {word}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
