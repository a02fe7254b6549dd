"""What every template may need of the site itself."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from clinic_site.models import ClinicProfile


def site(request: HttpRequest) -> dict[str, Any]:
    return {
        # Lazy: a view that has read the row already gives it to the template itself.
        "clinic": SimpleLazyObject(ClinicProfile.current),
        "site_url": settings.SITE_URL,
        "canonical_url": settings.SITE_URL + request.path,
    }
