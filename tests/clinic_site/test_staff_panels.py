"""The staff index says what needs doing, to those whose work it is."""

from typing import Any

import pytest
from django.http import HttpRequest
from django.test import Client
from django.urls import reverse

from clinic_site import panels
from tests.factories import staff
from tests.pages import read


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(panels, "_panels", found)
    return found


def test_panels_stand_in_the_order_they_ask_for(registered: list[Any], rf: Any) -> None:
    panels.register(20, "second.html", lambda request: {"number": 2})
    panels.register(10, "first.html", lambda request: {"number": 1})

    assert [(panel.template, panel.context) for panel in panels.panels(rf.get("/"))] == [
        ("first.html", {"number": 1}),
        ("second.html", {"number": 2}),
    ]


def test_a_panel_that_says_none_is_left_out(registered: list[Any], rf: Any) -> None:
    def only_for_the_asked(request: HttpRequest) -> dict[str, Any] | None:
        return {} if "asked" in request.GET else None

    panels.register(10, "panel.html", only_for_the_asked)

    assert panels.panels(rf.get("/")) == []
    assert len(panels.panels(rf.get("/?asked"))) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "sees_it"),
    [("Editor", True), ("Clinical reviewer", True), ("Manager", True), ("Coordinator", False)],
)
def test_what_concerns_pages_is_for_those_who_edit_them(client: Client, role: str, sees_it: bool) -> None:
    client.force_login(staff(role))

    headings = read(client.get(reverse("admin:index"))).heading_texts()

    assert ("Pages due for review" in headings) is sees_it
    assert ("Mistakes that readers reported" in headings) is sees_it
