"""The real server behind the real nginx, while somebody tries to switch it off.

``make test-abuse`` runs it for a minute; the suite runs a short form of it.
"""

import os
import time
from collections import Counter
from http import HTTPStatus

import pytest
from django.core.management import call_command
from django.urls import reverse
from PIL import Image

from clinic_site.core.models import RateLimitCounter
from consultations.intake.upload_limits import PIXELS_PER_NETWORK
from consultations.models import ConsultationRequest, PrivacyNotice
from consultations.tokens import SubmissionKey
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
# What the decoder works on at least, so that the rest of the test means something.
MIN_DECODED_UPLOADS = max(2, SECONDS / 12)
MAX_MEMORY_BYTES = 900 * 1024 * 1024


def decoded_uploads() -> int:
    """Count the uploads of which the decoder has reported pixels. Each comes from another network.

    A picture that finds no decoder, or is refused by its header, counts as one; the others as dozens.
    """
    return RateLimitCounter.objects.filter(scope=PIXELS_PER_NETWORK.scope, count__gt=10).count()


def test_site_answers_under_hostile_uploads_stalled_bodies_and_a_flood() -> None:
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
    uploads, floods, stalls = [], [], []
    confirmed = set()
    peak = 0
    try:
        with nginx.nginx(server.port, (port, free_port())):
            files = attackers.address_for_files(port, notice.pk)
            with attackers.repeated(
                (8, lambda: uploads.append(attackers.send_files(port, files, bombs)[0])),
                (30, lambda: stalls.append(attackers.stall_a_body(port, files))),
                (10, lambda: floods.append(attackers.send_request(port, notice.pk)[0])),
            ):
                start = time.monotonic()
                while time.monotonic() < start + SECONDS or decoded_uploads() < MIN_DECODED_UPLOADS:
                    assert time.monotonic() < start + SECONDS + 60, "the files do not reach the decoder"
                    asked += [(page, *attackers.ask(port, "GET", page)) for page in pages]
                    key = SubmissionKey.new()
                    asked.append(("a request", *attackers.send_request(port, notice.pk, key=key)))
                    confirmed.add(key.hash)
                    peak = max(peak, attackers.memory_of_group(server.process.pid))
                    time.sleep(0.2)
                seconds_in_all = time.monotonic() - start
                # nginx takes the bodies in until it gives up; an address that it refuses answers at once.
                assert min(stalls, default=15) > 10
    finally:
        server.kill()
    print(f"\n{seconds_in_all:.0f} s, load {os.getloadavg()[0]:.1f}, peak memory {peak / 2**20:.0f} MB")  # noqa: T201 - figures
    print(f"uploads {Counter(uploads)}, decoded {decoded_uploads()}; requests {Counter(floods)}")  # noqa: T201
    print(f"stalled bodies cut off {len(stalls)}")  # noqa: T201
    slowest = {}
    for what in (*pages, "a request"):
        times = sorted(seconds for each, _status, seconds in asked if each == what)
        slowest[what] = times[int(len(times) * 0.99) - 1]
        print(f"{what}: {len(times)}, median {times[len(times) // 2]:.2f} s, 99% {slowest[what]:.2f} s")  # noqa: T201
    assert {status for _what, status, _seconds in asked} == {HTTPStatus.OK, HTTPStatus.SEE_OTHER}
    assert max(slowest.values()) <= MAX_ANSWER_SECONDS, slowest
    assert peak <= MAX_MEMORY_BYTES
    assert confirmed <= {*ConsultationRequest.objects.values_list("key_hash", flat=True)}, "lost"
