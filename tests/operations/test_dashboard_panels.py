"""The panels of the first staff page."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from clinic_site.operations import dashboard
from tests.factories import staff
from tests.pages import read


def first_panel(request: HttpRequest) -> dict[str, Any]:
    return {"number": 1}


def panel_if_asked(request: HttpRequest) -> dict[str, Any] | None:
    return {"number": 2} if "asked" in request.GET else None


def test_panels_follow_the_settings_and_leave_out_none(settings: Any, rf: Any) -> None:
    settings.DASHBOARD_PANELS = [
        ("second.html", f"{__name__}.panel_if_asked"),
        ("first.html", f"{__name__}.first_panel"),
    ]
    assert [panel.template for panel in dashboard.panels(rf.get("/"))] == ["first.html"]
    assert [(panel.template, panel.context) for panel in dashboard.panels(rf.get("/?asked"))] == [
        ("second.html", {"number": 2}),
        ("first.html", {"number": 1}),
    ]


@pytest.mark.django_db
def test_content_panels_are_for_roles_that_edit_pages(client: Client) -> None:
    for role in ("Editor", "Clinical reviewer", "Manager", "Coordinator"):
        client.force_login(staff(role))
        headings = read(client.get(reverse("admin:index"))).heading_texts()
        for heading in ("Pages due for review", "Feedback reports"):
            assert (heading in headings) is (role != "Coordinator"), role
