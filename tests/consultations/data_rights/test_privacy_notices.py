"""Privacy notices: the current one, the one agreed to, and the sample."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
from django.conf import settings
from django.utils import timezone, translation

from clinic_site.operations import readiness
from consultations.data_rights import privacy_notices
from consultations.models import PrivacyNotice
from tests.factories import a_notice

pytestmark = pytest.mark.django_db


def current(language: str = "en") -> PrivacyNotice | None:
    return PrivacyNotice.objects.current(language)


def test_current_notice_is_newest_in_language_or_in_site_language() -> None:
    assert current() is None
    assert "privacy notice" in readiness.failed_checks(settings.STATUS_CHECKS)
    a_notice()
    newest = a_notice()
    assert current("en") == current("ur") == newest
    urdu = a_notice(language="ur")
    assert (current("en"), current("ur")) == (newest, urdu)
    assert "privacy notice" not in readiness.failed_checks(settings.STATUS_CHECKS)


def test_future_notice_is_not_current() -> None:
    notice = a_notice()
    later = a_notice(published_at=timezone.now() + timedelta(days=1))
    assert current() == notice
    assert PrivacyNotice.objects.to_agree_to(str(later.pk), "en") == notice
    assert privacy_notices.next_notice_at() == later.published_at


def test_patient_agrees_to_the_notice_shown() -> None:
    older, newer = a_notice(), a_notice()
    assert PrivacyNotice.objects.to_agree_to(str(older.pk), "en") == older
    for shown in ("", "0", "-1", "x", "1e3", "٣", "9" * 18, "9" * 10_000, "1 or 1=1"):
        assert PrivacyNotice.objects.to_agree_to(shown, "en") == newer


def test_ids_from_outside_fill_no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    older, newer = a_notice(), a_notice()
    cache = Mock(get_or_set=Mock(side_effect=lambda key, read, seconds: read()))
    monkeypatch.setattr("consultations.models.privacy_notices.cache", cache)
    for shown in (str(older.pk), str(newer.pk), "", *map(str, range(10**6, 10**6 + 9))):
        PrivacyNotice.objects.to_agree_to(shown, "en")
    assert {call.args[0] for call in cache.get_or_set.call_args_list} == {"notice:en"}


def test_notice_sections_begin_at_headings() -> None:
    notice = a_notice(text="Before.\r\n\r\n## First\r\nOne.\r\n\r\n##  Second \nTwo\n## three")
    assert notice.sections == [("", "Before."), ("First", "One."), ("Second", "Two"), ("three", "")]
    assert a_notice(text="All of it. # not a heading").sections == [("", "All of it. # not a heading")]
    with translation.override("en"):
        assert str(notice).startswith("Version 1 (")


def test_sample_is_loaded_once_and_never_over_an_existing_notice() -> None:
    for _turn in range(2):
        privacy_notices.load_sample()
    notice = PrivacyNotice.objects.get(language="en")
    assert PrivacyNotice.objects.get(language="ur").summary.count("۔") == 3
    assert notice.summary.count(".") == 3
    assert "sample" in notice.text
    assert list(privacy_notices.live_samples()) == [
        f"the privacy notice in {name}" for name in ("English", "Urdu")
    ]
    ours = a_notice(summary="Ours. And ours. And ours.")
    assert privacy_notices.load_sample() == "Privacy notice: kept as it is."
    assert current() == ours
    assert list(privacy_notices.live_samples()) == ["the privacy notice in Urdu"]
