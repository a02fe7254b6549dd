"""Privacy notices: the current one, the one agreed to, and the sample."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from clinic_site.operations import readiness
from consultations.data_rights import privacy_notices
from consultations.models import PrivacyNotice
from tests.factories import a_notice

pytestmark = pytest.mark.django_db


def test_current_notice_is_newest_in_language() -> None:
    a_notice(), a_notice(language="ur")
    newest = a_notice()
    assert PrivacyNotice.objects.current("en") == newest


def test_current_notice_falls_back_to_site_language() -> None:
    notice = a_notice()
    assert PrivacyNotice.objects.current("ur") == notice
    assert (
        PrivacyNotice.objects.current("ur") != a_notice(language="ur") == PrivacyNotice.objects.current("ur")
    )


def test_future_notice_is_not_current() -> None:
    notice = a_notice()
    later = a_notice(published_at=timezone.now() + timedelta(days=1))
    assert PrivacyNotice.objects.current("en") == notice
    assert PrivacyNotice.objects.to_agree_to(str(later.pk), "en") == notice


def test_no_notice_is_none() -> None:
    assert PrivacyNotice.objects.current("en") is None


def test_patient_agrees_to_the_notice_shown() -> None:
    older, newer = a_notice(), a_notice()
    assert PrivacyNotice.objects.to_agree_to(str(older.pk), "en") == older
    assert PrivacyNotice.objects.to_agree_to("", "en") == newer


def test_unknown_notice_id_means_current_notice() -> None:
    notice = a_notice()
    for shown in ("0", "-1", "x", "1e3", "٣", "9" * 18, "9" * 10_000, "1 or 1=1"):
        assert PrivacyNotice.objects.to_agree_to(shown, "en") == notice


def test_notice_sections() -> None:
    notice = a_notice(text="Before.\r\n\r\n## First\r\nOne.\r\n\r\n##  Second \nTwo\n## three")
    assert notice.sections == [("", "Before."), ("First", "One."), ("Second", "Two"), ("three", "")]


def test_notice_without_headings_is_one_section() -> None:
    assert a_notice(text="All of it. # not a heading").sections == [("", "All of it. # not a heading")]


def test_sample_notice_summary_has_three_sentences() -> None:
    privacy_notices.load_sample()
    notice = PrivacyNotice.objects.get()
    assert notice.summary.count(".") == 3
    assert "sample" in notice.text


def test_sample_keeps_existing_notices() -> None:
    notice = a_notice(summary="Ours. And ours. And ours.")
    said = privacy_notices.load_sample()
    assert said == "Privacy notice: kept as it is."
    assert PrivacyNotice.objects.get() == notice


def test_sample_is_loaded_once() -> None:
    privacy_notices.load_sample(), privacy_notices.load_sample()
    assert PrivacyNotice.objects.count() == 1


def test_readiness_requires_notice() -> None:
    assert "privacy notice" in readiness.failed_checks()
    a_notice()
    assert "privacy notice" not in readiness.failed_checks()


def test_notice_str_has_version_and_language() -> None:
    with translation.override("en"):
        assert str(a_notice()).startswith("Version 1 (")
