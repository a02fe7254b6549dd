"""Every page that says that something is wrong: accessible, whole at 320 px, and with a way on."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection

from clinic_site.core import append_only
from procedures.models import Procedure
from procedures.publishing import publishing

Visit = Callable[..., Any]


@pytest.fixture
def failing_pages(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.core.failing_urls"


def test_every_error_page_is_accessible_and_fits_a_small_phone(visit: Visit, failing_pages: None) -> None:
    publishing.withdraw(Procedure.objects.get(slug="tumor-removal"), language="en")
    visitor = visit(viewport={"width": 320, "height": 640})
    found = []
    for path, status in (
        ("/there-is-no-such-page/", 404),
        ("/procedures/tumor-removal/", 410),
        ("/consultation/no-such-request-is-here/", 404),
        ("/forbidden/", 403),
        ("/suspicious/", 400),
        ("/fails/", 500),
    ):
        response = visitor.page.goto(visitor.site + path)
        assert response.status == status, path
        assert not visitor.scrolls_sideways(), path
        found += visitor.violations()
    assert found == []


def test_a_form_whose_cookie_was_refused_is_answered_with_what_to_do(visit: Visit) -> None:
    visitor = visit(viewport={"width": 320, "height": 640})
    page = visitor.opens("/report-a-mistake/")
    visitor.context.clear_cookies()
    with page.expect_navigation():
        page.get_by_role("main").get_by_role("button").click()
    assert page.get_by_role("heading", level=1).inner_text() == "Please send the form again"
    assert visitor.violations() == []


def test_while_requests_cannot_be_taken_the_phone_stands_in(visit: Visit) -> None:
    with connection.cursor() as cursor:
        append_only.remove_triggers()
        cursor.execute("DELETE FROM consultations_privacynotice")
    visitor = visit(viewport={"width": 320, "height": 640})
    page = visitor.opens("/consultation/request/")
    assert page.get_by_role("heading", level=1).inner_text() == "Requests cannot be sent right now"
    assert page.get_by_role("main").get_by_role("link", name="Call the clinic").first.is_visible()
    assert visitor.violations() == []


def test_a_site_without_any_content_is_accessible_too(visit: Visit) -> None:
    for procedure in Procedure.objects.all():
        publishing.withdraw(procedure, language="en")
    visitor = visit(viewport={"width": 320, "height": 640})
    found = []
    for path in ("/", "/procedures/", "/consultation/request/"):
        visitor.opens(path)
        assert not visitor.scrolls_sideways(), path
        found += visitor.violations()
    assert found == []
