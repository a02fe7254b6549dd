"""Which privacy notice is shown, agreed to and kept."""

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from clinic_site.operations import readiness
from consultations.data_rights import privacy_notices
from consultations.models import PrivacyNotice
from tests.factories import a_notice

pytestmark = pytest.mark.django_db


def test_the_newest_notice_in_the_readers_language_is_shown() -> None:
    a_notice(), a_notice(language="ur")
    newest = a_notice()
    assert PrivacyNotice.objects.current("en") == newest


def test_a_reader_without_a_notice_in_their_language_gets_the_sites_own() -> None:
    notice = a_notice()
    assert PrivacyNotice.objects.current("ur") == notice
    assert (
        PrivacyNotice.objects.current("ur") != a_notice(language="ur") == PrivacyNotice.objects.current("ur")
    )


def test_a_notice_that_is_not_published_yet_is_not_shown() -> None:
    notice = a_notice()
    later = a_notice(published_at=timezone.now() + timedelta(days=1))
    assert PrivacyNotice.objects.current("en") == notice
    assert PrivacyNotice.objects.to_agree_to(str(later.pk), "en") == notice


def test_without_any_notice_there_is_none() -> None:
    assert PrivacyNotice.objects.current("en") is None


def test_whoever_has_read_an_older_notice_agrees_to_that_one() -> None:
    older, newer = a_notice(), a_notice()
    assert PrivacyNotice.objects.to_agree_to(str(older.pk), "en") == older
    assert PrivacyNotice.objects.to_agree_to("", "en") == newer


@pytest.mark.parametrize("shown", ["0", "-1", "x", "1e3", "٣", "9" * 18, "9" * 10_000, "1 or 1=1"])
def test_a_notice_that_does_not_exist_is_not_agreed_to(shown: str) -> None:
    notice = a_notice()
    assert PrivacyNotice.objects.to_agree_to(shown, "en") == notice


def test_the_whole_notice_is_read_section_by_section() -> None:
    notice = a_notice(text="Before.\r\n\r\n## First\r\nOne.\r\n\r\n##  Second \nTwo\n## three")
    assert notice.sections == [("", "Before."), ("First", "One."), ("Second", "Two"), ("three", "")]


def test_a_notice_without_headings_is_one_section() -> None:
    assert a_notice(text="All of it. # not a heading").sections == [("", "All of it. # not a heading")]


def test_the_sample_notice_says_what_it_is_in_three_sentences() -> None:
    privacy_notices.load_sample()
    notice = PrivacyNotice.objects.get()
    assert notice.summary.count(".") == 3
    assert "sample" in notice.text


def test_loading_the_sample_again_changes_nothing_that_staff_wrote() -> None:
    notice = a_notice(summary="Ours. And ours. And ours.")
    said = privacy_notices.load_sample()
    assert said == "Privacy notice: kept as it is."
    assert PrivacyNotice.objects.get() == notice


def test_loading_the_sample_twice_loads_it_once() -> None:
    privacy_notices.load_sample(), privacy_notices.load_sample()
    assert PrivacyNotice.objects.count() == 1


def test_the_site_is_not_ready_to_take_requests_without_a_notice() -> None:
    assert "privacy notice" in readiness.failed_checks()
    a_notice()
    assert "privacy notice" not in readiness.failed_checks()


def test_a_notice_is_named_by_version_and_language() -> None:
    with translation.override("en"):
        assert str(a_notice()).startswith("Version 1 (")
