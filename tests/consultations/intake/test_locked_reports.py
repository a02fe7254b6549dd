"""A report that opens only with a password is taken, and named to the patient and to staff."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from clinic_site.accounts.roles import COORDINATOR
from clinic_site.core.untrusted import isolated
from consultations.models import Attachment
from tests.consultations.conftest import Patient, stored_request
from tests.consultations.intake.upload_samples import protected_pdf
from tests.factories import staff

pytestmark = pytest.mark.django_db


def adds(patient: Patient, content: bytes) -> str:
    patient.answers()
    patient.adds(SimpleUploadedFile("scan.pdf", content, "application/pdf"))
    return patient.text


def test_locked_report_is_named_to_patient_and_staff(patient: Patient) -> None:
    assert "1: Report (PDF) that opens only with a password (we’ll ask you for it)" in adds(
        patient, protected_pdf("1234")
    )
    check = patient.response
    patient.at_files(open="yes")
    assert "We’ll ask you for the password. Or remove it" in patient.text
    patient.response = check
    address = patient.confirms()
    assert stored_request().attachments.get().kind == Attachment.Kind.LOCKED_PDF
    patient.opens(address)
    assert "One report opens only with a password. We’ll ask you for it." in patient.text
    Attachment.objects.create(
        request=stored_request(), kind="locked", name="2", size=1, added_at=timezone.now()
    )
    patient.opens(address)
    assert "2 reports open only with a password. We’ll ask you for it." in patient.text
    patient.client.force_login(staff(COORDINATOR))
    patient.opens(f"/staff/requests/{stored_request().pk}/")
    assert "Locked: ask for the password." in patient.text


def test_busy_decoder_keeps_the_answers(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*arguments: object) -> None:
        raise isolated.BusyError

    monkeypatch.setattr(isolated, "run", busy)
    shown = adds(patient, b"\x89PNG\r\n\x1a\n" + b"\0" * 100)
    assert "Try again in a few minutes, or add it later. We can’t open photos at the moment" in shown
    assert "He cut his hand on glass." in str(patient.page.hidden_fields())
    assert not Attachment.objects.exists()
