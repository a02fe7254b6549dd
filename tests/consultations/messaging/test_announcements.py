"""New requests are announced by the mail worker: acknowledged to the patient, and reported to staff."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings as site_settings
from django.utils import timezone

from clinic_site.mail import worker
from clinic_site.mail.models import OutgoingMessage
from clinic_site.operations import readiness
from consultations.intake.submission import submit
from consultations.messaging.notify import announce_new_requests
from consultations.models import ConsultationRequest
from consultations.portal import actions
from consultations.workflow import Status
from tests.concurrency import in_threads
from tests.factories import a_submission, change_status
from tests.mail.conftest import server as server
from tests.mail.smtp_server import MailServer

pytestmark = pytest.mark.django_db

BY_EMAIL = {"contact_method": "email", "email": "ayesha@example.com"}


@pytest.fixture(autouse=True)
def one_staff_address(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)


def kinds() -> Counter[str]:
    return Counter(OutgoingMessage.objects.values_list("kind", flat=True))


def test_worker_announces_and_sends_in_one_round(server: MailServer) -> None:
    submit(a_submission(**BY_EMAIL))
    assert not kinds(), "the patient does not wait for it"
    assert worker.send_due().sent == 2
    assert worker.send_due().sent == 0
    assert kinds() == {"acknowledgement": 1, "new_request": 1}
    assert not ConsultationRequest.objects.unannounced().exists()


def test_closed_request_is_reported_but_no_longer_acknowledged() -> None:
    change_status(submit(a_submission(**BY_EMAIL)), Status.DECLINED)
    announce_new_requests()
    assert kinds() == {"declined": 1, "new_request": 1}


def test_request_withdrawn_before_the_worker_comes_is_not_reported_as_new() -> None:
    actions.withdraw(submit(a_submission()))
    announce_new_requests()
    assert kinds() == {"patient_activity": 1}
    assert not ConsultationRequest.objects.unannounced().exists()


def test_request_taken_out_of_quarantine_is_acknowledged_once() -> None:
    suspicious = submit(a_submission(suspicions=("trap",), **BY_EMAIL))
    marked = submit(a_submission(**BY_EMAIL))
    change_status(marked, Status.QUARANTINED)
    for request in (suspicious, marked):
        change_status(request, Status.NEW)
    announce_new_requests()
    assert kinds() == {"acknowledgement": 2, "new_request": 1}


def test_request_is_announced_at_once_where_no_mail_is_sent(settings: Any) -> None:
    submit(a_submission(**BY_EMAIL))  # before mail was switched off
    settings.MAIL_DELIVERY = "off"
    submit(a_submission(**BY_EMAIL))
    assert OutgoingMessage.objects.undelivered().count() == 4
    assert not ConsultationRequest.objects.unannounced().exists()


def test_status_warns_while_no_worker_announces() -> None:
    submit(a_submission())
    assert "new requests" not in readiness.failed_checks(site_settings.STATUS_CHECKS)
    with time_machine.travel(timezone.now() + timedelta(hours=3), tick=False):
        assert "new requests" in readiness.failed_checks(site_settings.STATUS_CHECKS)
        announce_new_requests()
        assert "new requests" not in readiness.failed_checks(site_settings.STATUS_CHECKS)


@pytest.mark.django_db(transaction=True)
def test_two_workers_announce_a_request_once() -> None:
    for _ in range(5):
        submit(a_submission())
    in_threads(announce_new_requests, announce_new_requests)
    assert kinds() == {"new_request": 5}
