import pytest

from clinic_site.clinic.models import ClinicProfile


@pytest.fixture
def clinic(db: None) -> ClinicProfile:
    return ClinicProfile.objects.create(name="A Clinic", phone="042 35761999")
