"""Deployment check (``manage.py check --deploy``) that warns about live sample content."""

from typing import Any

from django.core.checks import CheckMessage, Warning, register
from django.db import DatabaseError

from clinic_site.clinic.opening_week import live_samples as clinic_samples
from consultations.data_rights.privacy_notices import live_samples as privacy_notice_samples
from procedures.sample_checks import sample_pages, sample_practitioners

# Each yields the names of live samples.
SAMPLE_FINDERS = (clinic_samples, sample_practitioners, sample_pages, privacy_notice_samples)


@register(deploy=True)
def no_live_samples(**kwargs: Any) -> list[CheckMessage]:
    found: list[CheckMessage] = []
    for find in SAMPLE_FINDERS:
        try:
            found += [Warning(f"Sample still live: {name}", id="clinic_site.W001") for name in find()]
        except DatabaseError:
            continue  # no database or no tables yet, so nothing is live
    return found
