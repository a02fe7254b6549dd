"""Under load and when the server is killed, every confirmed request is stored once and whole."""

import os
import random
import time
from collections import Counter
from typing import Any

import pytest
from django.db.models import Count, Q

from clinic_site.mail.models import OutgoingMessage
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest, Event, PrivateLink, SearchTerm
from consultations.tokens import token_hash
from tests.consultations.http_server import Patients, Server
from tests.factories import a_notice
from tests.mail.smtp_server import MailServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

# The suite's numbers are small. SERVER_KILLS=100 for a long look.
CLIENTS = 50
KILLS = int(os.environ.get("SERVER_KILLS", "3"))


def assert_whole(patients: Patients) -> None:
    """Every confirmed form is one whole request, which the patient's link opens."""
    stored = dict(ConsultationRequest.objects.values_list("key_hash", "pk"))
    assert set(patients.confirmed) == set(stored) == patients.sent
    links = dict(PrivateLink.objects.filter(request__in=stored.values()).values_list("token_hash", "request"))
    for key, address in patients.confirmed.items():
        assert links[token_hash(address.rstrip("/").rpartition("/")[2])] == stored[key]
    parts = ConsultationRequest.objects.annotate(
        # Patients of one address get a few mails in a day; the others' requests record that none was sent.
        submitted=Count("events", filter=Q(events__kind=Event.Kind.SUBMITTED), distinct=True),
        found_by=Count("terms", distinct=True),
    ).values_list("submitted", "found_by")
    assert all(submitted == 1 and found_by >= 4 for submitted, found_by in parts)
    assert Event.objects.filter(kind=Event.Kind.SUBMITTED).count() == len(stored)
    assert SearchTerm.objects.values("request").distinct().count() == len(stored)


def test_killed_server_loses_no_confirmed_request(settings: Any) -> None:
    """Fifty patients at once, who press until their form is confirmed, while the server is killed."""
    dice, mail = random.Random(7), MailServer()
    mail.start()
    server = Server(EMAIL_URL=f"smtp://127.0.0.1:{mail.port}")
    server.start()
    by_email = {"contact_method": "email", "email": "ayesha@example.com"}
    patients = Patients(server.port, a_notice().pk, by_email)
    try:
        patients.come(CLIENTS)
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.3, 1))
            server.kill()
            server.start()
        patients.leave()
    finally:
        server.kill()
        mail.stop()
    assert patients.wrong == []
    assert len(patients.confirmed) == len(patients.sent) >= CLIENTS
    assert_whole(patients)
    announce_new_requests()
    # None has two messages, or one that was sent three times. (One address gets no more than a few in a day.)
    queued = Counter(OutgoingMessage.objects.filter(kind="acknowledgement").values_list("about", flat=True))
    references = ConsultationRequest.objects.values_list("reference", flat=True)
    assert set(queued) <= set(references)
    assert set(queued.values()) == {1}
    assert max(mail.copies.values(), default=0) <= 2
