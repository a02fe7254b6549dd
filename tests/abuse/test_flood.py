"""The real server behind the real nginx, while somebody tries to switch it off.

``make test-abuse`` runs it for a minute; the suite runs a short form of it.
"""

import os
import time
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.urls import reverse
from PIL import Image

from consultations.models import Attachment, ConsultationRequest, PrivacyNotice
from tests import nginx
from tests.abuse import attackers
from tests.conftest import load_sample_content
from tests.consultations.http_server import Server
from tests.ports import free_port
from tests.procedures.publishing.photos import encoded

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(bool(nginx.missing()), reason=nginx.missing()),
]

SECONDS = float(os.environ.get("ABUSE_SECONDS", "5"))
# `make test-abuse` runs alone. Beside other tests an honest visitor may wait longer, but is still served.
MAX_ANSWER_SECONDS = 2.0 if "ABUSE_SECONDS" in os.environ else 15.0
MAX_MEMORY_BYTES = 900 * 1024 * 1024


def test_site_answers_under_hostile_uploads_stalled_bodies_and_a_flood(settings: Any, tmp_path: Path) -> None:
    load_sample_content()
    notice = PrivacyNotice.objects.current("en")
    assert notice
    call_command("createcachetable", verbosity=0)
    # A small file that would decode into 870 MB, and about the largest WebP and PNG that are accepted.
    bombs = [
        encoded(Image.new("RGB", size), "WEBP", lossless=True) for size in ((8192, 6336), (6000, 4300))
    ] + [encoded(Image.new("RGB", (7000, 5000)), "PNG")]
    server = Server()
    server.start()
    port = free_port()
    pages = ("/", reverse("procedures:emergency"), "/healthz")
    asked: list[tuple[str, int, float]] = []
    peak = 0
    try:
        with nginx.nginx(server.port, (port, free_port())):
            files = attackers.address_for_files(port, notice.pk)
            # The bombs reach the decoder: the largest is refused by it, the others are stored.
            assert attackers.send_files(port, files, bombs)[0] == HTTPStatus.OK
            assert Attachment.objects.count() == len(bombs) - 1
            with attackers.repeated(
                (8, lambda: attackers.send_files(port, files, bombs)),
                (30, lambda: attackers.stall_a_body(port, files)),
                (10, lambda: attackers.send_request(port, notice.pk)),
            ):
                end = time.monotonic() + SECONDS
                while time.monotonic() < end:
                    asked += [(page, *attackers.ask(port, "GET", page)) for page in pages]
                    asked.append(("a request", *attackers.send_request(port, notice.pk)))
                    peak = max(peak, attackers.memory_of_group(server.process.pid))
                    time.sleep(0.2)
    finally:
        server.kill()
    report = "\n".join(f"{what}: {status} in {seconds:.2f} s" for what, status, seconds in asked)
    print(report, f"\npeak memory: {peak / 1024 / 1024:.0f} MB")  # noqa: T201 - the figures are the point
    assert [each for each in asked if each[1] not in (200, 303)] == []
    slowest = sorted(seconds for _what, _status, seconds in asked)
    assert slowest[int(len(slowest) * 0.99) - 1] <= MAX_ANSWER_SECONDS, report
    assert peak <= MAX_MEMORY_BYTES
    confirmed = sum(what == "a request" for what, _status, _seconds in asked)
    assert ConsultationRequest.objects.count() >= confirmed
