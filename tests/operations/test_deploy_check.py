"""``check --deploy`` names every live sample."""

import pytest
from django.core.checks import run_checks

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, Practitioner, Procedure, Publication
from procedures.publishing import publishing
from tests.factories import a_reviewer, published

pytestmark = pytest.mark.django_db


def samples() -> list[str]:
    found = run_checks(include_deployment_checks=True)
    return sorted(message.msg for message in found if message.id == "clinic_site.W001")


def test_live_samples_are_reported_until_they_are_replaced(sample_site: None) -> None:
    pages = Publication.objects.live_for("en").values_list("page__title", flat=True)
    assert [message for message in samples() if "privacy notice" not in message] == sorted(
        [
            "Sample still live: the clinic “Sample Microsurgery Clinic”",
            "Sample still live: the practitioner “Dr. Sample One”",
            "Sample still live: the practitioner “Dr. Sample Two”",
            *(
                f"Sample still live: the page “{page}” in {language}, which has no review"
                for page in pages
                for language in ("English", "Urdu")
            ),
        ]
    )
    assert any("privacy notice" in message for message in samples())

    ClinicProfile.objects.update(is_sample=False, name="A Real Clinic")
    Practitioner.objects.update(is_active=False)
    for page in Page.objects.filter(title__in=[*pages]).exclude(slug="tumor-removal"):
        published(page, reviewer=Practitioner.objects.filter(is_sample=False).first() or a_reviewer())
    tumor_removal = Procedure.objects.get(slug="tumor-removal")
    published(tumor_removal, reviewer=Practitioner.objects.filter(is_sample=True)[0])
    for page in Page.objects.filter(publications__isnull=False).exclude(kind="emergency").distinct():
        publishing.withdraw(page, language="ur")
    published(Page.objects.get(kind="emergency"), language="ur")
    (page_message,) = (message for message in samples() if "privacy" not in message)
    assert "“Tumor Removal”" in page_message, "it is signed by a sample person"
    publishing.withdraw(tumor_removal, language="en")
    assert [message for message in samples() if "privacy" not in message] == []


def test_empty_site_has_no_samples() -> None:
    assert samples() == []
