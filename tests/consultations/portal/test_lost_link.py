"""Asking for a new private link; the answer tells nothing about any request."""

import pytest
from django.test import Client

from clinic_site.mail.models import OutgoingMessage
from consultations.models import Event
from consultations.portal.lost_link import LOST_LINKS_PER_NETWORK
from tests.consultations.portal.portal_pages import PrivatePage
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("clinic")]

LOST = "/r/"


def asks(reference: str, phone: str, **options: str) -> tuple[int, bytes]:
    response = Client(**options).post(LOST, {"reference": reference, "phone": phone}, follow=True)
    return response.status_code, response.content


def test_matching_details_are_a_task_and_the_answer_is_always_the_same() -> None:
    patient = PrivatePage()
    reference = patient.request.reference
    answers = {
        asks("MS-2222-2222", "0301 2345678"),
        asks(reference, "0300 7654321"),
        asks("' OR 1=1 --", "0301 2345678"),
    }
    assert patient.now().unread_since is None
    for _press in range(2):
        answers.add(asks(reference.lower().replace("-", " "), "+92 301 2345678"))
    assert len(answers) == 1
    assert "we’ll contact you at that number" in answers.pop()[1].decode()
    assert patient.now().unread_since is not None
    assert patient.request.events.filter(kind=Event.Kind.LINK_ASKED_FOR).count() == 1
    notice = OutgoingMessage.objects.filter(kind="patient_activity").get()
    assert "A new one is needed." in notice.text
    assert patient.client.get(patient.address).status_code == 200  # the old link still works


def test_errors_keep_what_was_typed() -> None:
    page = read(Client().post(LOST, {"reference": "", "phone": "12\x00"}))
    assert page.one("title").text.startswith("Error: ") and len(page.by_class("error-message")) == 2
    assert page.one("input", name="phone")["value"] == "12"


def test_nobody_can_flood_staff_or_test_numbers() -> None:
    for _attempt in range(LOST_LINKS_PER_NETWORK.attempts):
        assert asks("MS-2222-2222", "0301 2345678")[0] == 200
    status, content = asks("MS-2222-2222", "0301 2345678")
    assert status == 429 and "042 35761999" in content.decode()
    assert asks("MS-2222-2222", "0301 2345678", REMOTE_ADDR="203.0.113.9")[0] == 200
