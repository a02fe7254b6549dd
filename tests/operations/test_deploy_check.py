"""``check --deploy`` names every live sample."""

import pytest
from django.core.checks import run_checks

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Page, Practitioner, Procedure
from procedures.publishing import publishing
from tests.factories import a_reviewer, published

pytestmark = pytest.mark.django_db


def samples() -> list[str]:
    found = run_checks(include_deployment_checks=True)
    return sorted(message.msg for message in found if message.id == "clinic_site.W001")


def test_new_site_is_warned_of_every_sample(sample_site: None) -> None:
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


def test_sample_privacy_notice_is_reported(sample_site: None) -> None:
    assert any("privacy notice" in message for message in samples())


def test_replaced_or_withdrawn_samples_are_not_reported(sample_site: None) -> None:
    ClinicProfile.objects.update(is_sample=False, name="A Real Clinic")
    Practitioner.objects.update(is_active=False)
    for page in Page.objects.exclude(slug="tumor-removal"):
        published(page, reviewer=Practitioner.objects.filter(is_sample=False).first() or a_reviewer())
    publishing.withdraw(Procedure.objects.get(slug="tumor-removal"), language="en")
    assert [message for message in samples() if "privacy" not in message] == []


def test_page_signed_by_a_sample_person_is_reported(sample_site: None) -> None:
    page = Procedure.objects.get(slug="tumor-removal")
    published(page, reviewer=Practitioner.objects.filter(is_sample=True)[0])
    assert any("“Tumor Removal”" in message for message in samples())


def test_empty_site_has_no_samples() -> None:
    assert samples() == []
