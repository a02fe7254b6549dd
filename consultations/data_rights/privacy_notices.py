"""The sample privacy notice, and the checks for a notice."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.utils import timezone
from django.utils.translation import get_language_info
from django.utils.translation import gettext as _

from clinic_site.core import toml_files
from consultations.models import PrivacyNotice

SAMPLES = sorted((Path(__file__).parent / "content").glob("privacy.*.toml"))


def load_sample() -> str:
    """Store the sample notice, unless there is a notice."""
    if PrivacyNotice.objects.exists():
        return _("Privacy notice: kept as it is.")
    for path in SAMPLES:
        PrivacyNotice.objects.create(number=1, **toml_files.read(path))
    return _("Privacy notice: a sample was entered.")


def live_samples() -> Iterable[str]:
    samples = [toml_files.read(path)["text"] for path in SAMPLES]
    for language, _name in settings.LANGUAGES:
        notice = PrivacyNotice.objects.current(language)
        if notice and notice.language == language and notice.text in samples:
            yield f"the privacy notice in {get_language_info(language)['name']}"


def next_notice_at() -> datetime | None:
    """When the next scheduled notice comes into force."""
    scheduled = PrivacyNotice.objects.filter(published_at__gt=timezone.now()).order_by("published_at")
    return scheduled.values_list("published_at", flat=True).first()


def require_notice() -> None:
    """Raise ``LookupError`` while there is no notice, so no request can be taken."""
    if not PrivacyNotice.objects.exists():
        raise LookupError("There is no privacy notice: no request can be taken.")
