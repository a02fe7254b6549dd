"""A report that opens only with a password is taken, and named to the patient and to staff."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clinic_site.core.untrusted import isolated
from consultations.models import Attachment, ConsultationRequest
from tests.consultations.conftest import Patient
from tests.consultations.intake.upload_samples import protected_pdf
from tests.factories import staff
from tests.pages import read

pytestmark = pytest.mark.django_db
ATTACHMENTS = "/consultation/request/attachments/"


def adds(patient: Patient, content: bytes) -> str:
    patient.answers()
    upload = SimpleUploadedFile("scan.pdf", content, "application/pdf")
    sent = patient.page.hidden_fields() | {"add": "yes", "attachments": upload}
    patient.response = patient.client.post(ATTACHMENTS, sent)
    return patient.page.one("main").text


def test_locked_report_is_named_to_patient_and_staff(patient: Patient) -> None:
    assert "1: Report (PDF) that opens only with a password (we’ll ask you for it)" in adds(
        patient, protected_pdf("1234")
    )
    page = read(patient.client.post(ATTACHMENTS, patient.page.hidden_fields() | {"open": "yes"}))
    assert "We’ll ask you for the password. Or remove it" in page.one("main").text
    patient.presses("send")
    assert Attachment.objects.get().kind == Attachment.Kind.LOCKED_PDF
    private = read(patient.client.get(patient.response["Location"]))
    assert "One report opens only with a password. We’ll ask you for it." in private.one("main").text
    patient.client.force_login(staff("Coordinator"))
    consultation = ConsultationRequest.objects.get()
    desk = patient.client.get(f"/staff/requests/{consultation.pk}/")
    assert "Locked: ask the patient for the password." in desk.content.decode()


def test_busy_decoder_keeps_the_answers(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*arguments: object) -> None:
        raise isolated.BusyError

    monkeypatch.setattr(isolated, "run", busy)
    shown = adds(patient, b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    assert "Send your request without it, and add it later" in shown
    assert "He cut his hand on glass." in str(patient.page.hidden_fields())
    assert not Attachment.objects.exists()
