"""Template context that every page may use."""

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinic_site.clinic.models import ClinicProfile


def clinic(request: HttpRequest) -> dict[str, Any]:
    """The clinic's profile, or None while staff have not entered it. Queried when first used."""
    return {"clinic": SimpleLazyObject(ClinicProfile.current)}
