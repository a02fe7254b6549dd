"""What ships is plain, by our own measure, and promises nothing."""

import pytest

from procedures.models import Page
from procedures.publishing import drafts
from procedures.staff import plain_language
from procedures.staff.plain_language import MAX_EMERGENCY_GRADE, MAX_GRADE, Report

pytestmark = pytest.mark.django_db


@pytest.fixture
def reports(sample_site: None) -> dict[str, Report]:
    return {str(page): plain_language.measure(drafts.read_draft(page, "en")) for page in Page.objects.all()}


def test_sample_pages_have_grade_8_or_lower(reports: dict[str, Report]) -> None:
    assert len(reports) == 5
    for title, report in reports.items():
        assert report.grade is not None and report.grade <= MAX_GRADE == 8, title


def test_sample_emergency_text_has_grade_6_or_lower(reports: dict[str, Report]) -> None:
    found = [
        section.grade
        for report in reports.values()
        for section in report.sections
        if section.highest == MAX_EMERGENCY_GRADE == 6
    ]

    assert len(found) == 2  # on the overview, and first on replantation
    assert all(grade is not None and grade <= MAX_EMERGENCY_GRADE for grade in found)


def test_sample_pages_contain_no_promise_words(reports: dict[str, Report]) -> None:
    promises = {title: [finding.words for finding in report.promises] for title, report in reports.items()}

    assert not any(promises.values()), promises
