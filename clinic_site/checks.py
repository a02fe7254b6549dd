"""``manage.py check --deploy``: every sample that patients would still be shown is named."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError

from clinic_site.models import ClinicProfile


def sample_check(find: Callable[[], Iterable[str]]) -> None:
    """Register a check for samples; ``find`` names each, as a person would."""

    def check(**kwargs: Any) -> list[CheckMessage]:
        try:
            return [Warning(f"Sample still live: {name}", id="clinic_site.W001") for name in find()]
        except DatabaseError:
            # No database yet, or no tables: then nothing is live.
            return []

    register(check, deploy=True)


def _clinic() -> Iterable[str]:
    clinic = ClinicProfile.current()
    if clinic and clinic.is_sample:
        yield f"the clinic “{clinic.name}”"


sample_check(_clinic)
