"""``check --deploy`` names every sample that patients would still be shown."""

import pytest
from django.core.checks import run_checks

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, Practitioner, Procedure
from procedures.publishing import services as publishing
from tests.factories import a_reviewer, published

pytestmark = pytest.mark.django_db


def samples() -> list[str]:
    found = run_checks(include_deployment_checks=True)
    return sorted(message.msg for message in found if message.id == "clinic_site.W001")


def test_a_new_site_is_told_of_every_sample_by_name(sample_site: None) -> None:
    assert samples() == sorted(
        [
            "Sample still live: the clinic “Sample Microsurgery Clinic”",
            "Sample still live: the practitioner “Dr. Sample One”",
            "Sample still live: the practitioner “Dr. Sample Two”",
            *(
                f"Sample still live: the page “{page}”, which has no review"
                for page in Page.objects.values_list("title", flat=True)
            ),
            *[message for message in samples() if "privacy" in message],
        ]
    )


def test_the_sample_privacy_notice_is_told_of(sample_site: None) -> None:
    assert any("privacy notice" in message for message in samples())


def test_what_staff_have_made_real_or_withdrawn_is_not_told_of(sample_site: None) -> None:
    ClinicProfile.objects.update(is_sample=False, name="A Real Clinic")
    Practitioner.objects.update(is_active=False)
    for page in Page.objects.exclude(slug="tumor-removal"):
        published(page, reviewer=Practitioner.objects.filter(is_sample=False).first() or a_reviewer())
    publishing.withdraw(Procedure.objects.get(slug="tumor-removal"), language="en")
    assert [message for message in samples() if "privacy" not in message] == []


def test_a_page_signed_by_a_sample_person_is_told_of(sample_site: None) -> None:
    page = Procedure.objects.get(slug="tumor-removal")
    published(page, reviewer=Practitioner.objects.filter(is_sample=True)[0])
    assert any("“Tumor Removal”" in message for message in samples())


def test_an_empty_site_has_no_samples() -> None:
    assert samples() == []
