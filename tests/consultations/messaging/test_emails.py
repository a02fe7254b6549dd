"""Each message as it arrives at a real mail server, whatever was typed into the form."""

from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from django.utils.translation import override

from clinic_site.mail import queue as mail_queue
from clinic_site.mail import worker
from clinic_site.mail.email import email_for
from clinic_site.mail.models import OutgoingMessage
from consultations.models import ConsultationRequest
from consultations.workflow import Status
from tests.consultations.messaging.message_helpers import a_clinic, an_appointment, queued, with_email
from tests.factories import a_reviewer
from tests.mail.mail_helpers import running
from tests.mail.smtp_server import MailServer
from tests.pages import Page

pytestmark = pytest.mark.django_db

# Text that only staff may know.
SECRET = ("thumb", "Replantation", "5678", "penicillin", "Gujrat")
HOSTILE_NAMES = [
    "Ayesha\r\nBcc: everyone@example.com\r\n\r\nBuy this",
    "<script>alert(1)</script> <img src=x>",
    "\u202eevil\u202c \u2066name",
    "👩‍⚕️👩‍⚕️ Ayesha",
    "evil.example/win Ayesha",
    "https://evil.example",
    "{{ link }} {0.__class__} {{ phone }}",
    "%(link)s %s $link",
    "A" * 120,
    "ع" * 120,
    "\0\ud800".encode("utf-8", "ignore").decode() or "-",
    "…",
]


@pytest.fixture(autouse=True)
def our_site(settings: Any) -> None:
    settings.STAFF_MAIL = ("desk@clinic.example",)
    settings.SITE_URL = "https://clinic.example"


@pytest.fixture
def server(settings: Any) -> Iterator[MailServer]:
    with running(settings) as started:
        yield started


@pytest.fixture(autouse=True)
def nothing_is_superseded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail_queue, "supersede", lambda about, kinds: 0)


def send_everything(**changes: Any) -> ConsultationRequest:
    """Queue every message about one request."""
    request = with_email(
        message="My thumb is numb since the Replantation. Allergic to penicillin.", city="Gujrat", **changes
    )
    appointment = an_appointment(request, practitioner=a_reviewer(name="Dr. Bilal Ahmed"))
    queued("acknowledgement", request)
    queued("new_request", request)
    queued("patient_activity", request, activity="note")
    for kind in ("appointment_offered", "appointment_agreed", "reminder", "appointment_canceled"):
        queued(kind, request, appointment=appointment)
    for status in (Status.DECLINED, Status.UNREACHABLE, Status.WITHDRAWN, Status.CONTACTING):
        request.status = status
        queued("status", request, was=Status.DECLINED)
    return request


def mails() -> list[EmailMessage]:
    """The queued messages, as a mail program reads them."""
    rows = OutgoingMessage.objects.order_by("pk")
    return [message_from_bytes(email_for(row).message().as_bytes(), policy=policy.default) for row in rows]


def parts(mail: EmailMessage) -> tuple[str, str]:
    plain, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert plain and html
    return plain.get_content(), html.get_content()


def test_text_and_html_parts_say_the_same(server: MailServer) -> None:
    a_clinic()
    send_everything()
    assert str(worker.send_due()) == "Sent 11, to be retried 0, failed 0."
    for mail in server.mails:
        plain, html = parts(mail)
        page = Page(html)
        assert page.one("html")["lang"] == "en"
        assert page.one("html")["dir"] == "ltr"
        assert page.one("title").text == mail["Subject"]
        assert page.one("body").text == " ".join(plain.split())


def test_mails_say_nothing_about_the_patient_but_a_name() -> None:
    a_clinic()
    request = send_everything()
    named, links = [], []
    for mail in mails():
        # Drawn at random, and any number may be in it.
        random = [mail["Message-ID"], *(part.get_boundary() for part in mail.walk() if part.is_multipart())]
        plain, html = parts(mail)
        everything = mail.as_string() + plain + html
        for drawn in random:
            everything = everything.replace(drawn, "")
        assert not [word for word in SECRET if word in everything], mail["Subject"]
        assert "Ayesha" not in mail["Subject"] and request.reference in mail["Subject"]
        if "Ayesha" in plain:
            named.append(mail["Subject"])
        if mail["To"] == "ayesha@example.com":
            links += [link["href"] for link in Page(html).all("a")]
    # Mails that the form causes may go to strangers.
    assert len(named) == 7
    assert not [subject for subject in named if subject.startswith(("We’ve received", "New"))]
    assert not [subject for subject in named if subject.endswith("withdrawn")]
    links = [link for link in links if link.startswith("https://clinic.example/r/")]
    assert len(links) == len(set(links)) == 9, "each mail has its own link"
    assert any(link.startswith("https://clinic.example/r/") for link in links)


def test_appointment_is_attached_as_an_invitation() -> None:
    a_clinic()
    request = send_everything()
    calendars = [part for mail in mails() for part in mail.iter_attachments()]
    assert [part.get_param("method") for part in calendars] == ["REQUEST", "CANCEL"]
    for part in calendars:
        assert part.get_content_type() == "text/calendar"
        content = part.get_content().replace("\r\n ", "").replace("\n ", "")
        assert f"UID:{request.reference}@clinic.example" in content
        assert "LOCATION:Canal Clinic\\, 12 Canal Road\\, Gulberg\\, Lahore" in content
        assert "DTSTART:20261125T123000Z" in content
        assert "mailto:ayesha@example.com" in content
        assert content.rstrip().endswith("END:VCALENDAR")


def test_hostile_name_is_dropped_or_only_a_name() -> None:
    a_clinic()
    for name in HOSTILE_NAMES:
        OutgoingMessage.objects.all().delete()
        request = with_email()
        request.patient_name = name
        queued("appointment_agreed", request, appointment=an_appointment(request))
        [mail] = mails()
        plain, html = parts(mail)
        assert mail["To"] == "ayesha@example.com"
        assert mail["Bcc"] is None
        assert "evil" not in plain.replace("Hello evil name,", "")
        assert "script" not in plain + html
        assert "\u202e" not in plain + html
        assert max(map(len, plain.splitlines()[0].split())) <= 31
        assert len(Page(html).all("a")) == 2  # the private page, and the phone


def test_whole_name_in_any_script_is_greeted() -> None:
    for name, greeting in {
        "علی خان": "Hello علی خان,",
        "Nour‑Jehan": "Hello,",  # with a hyphen that is no letter
        "D’Souza Maria": "Hello D’Souza Maria,",
        "Zoë": "Hello Zoë,",
        "Dr. Ayesha Khan": "Hello Dr. Ayesha Khan,",
        "Haji Bashir": "Hello Haji Bashir,",
        "عبد الرحمن": "Hello عبد الرحمن,",
        "Ali evil.example": "Hello,",
    }.items():
        OutgoingMessage.objects.all().delete()
        request = with_email(patient_name=name)
        queued("appointment_agreed", request, appointment=an_appointment(request))
        assert parts(mails()[0])[0].startswith(greeting)


def test_requester_is_greeted_instead_of_the_patient() -> None:
    send_everything(
        for_whom="child", requester_name="Sana Iqbal", relationship="mother", patient_name="Ali Iqbal"
    )
    assert not [mail for mail in mails() if "Ali Iqbal" in parts(mail)[0]]
    assert [mail for mail in mails() if "Hello Sana Iqbal," in parts(mail)[0]]


def test_message_is_in_the_patients_language_whatever_staff_read() -> None:
    with override("de"):
        send_everything()
    assert len([mail for mail in mails() if "Wednesday 25 November" in parts(mail)[0]]) == 4
