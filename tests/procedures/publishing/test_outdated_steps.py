"""The staff index lists pages published with former steps of the overview."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.roles import COORDINATOR, EDITOR
from procedures.models import Overview
from procedures.publishing import services as publishing
from procedures.staff import panels
from tests.admin_forms import address
from tests.factories import a_procedure, an_overview, published, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

HEADING = "Pages with outdated steps"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(staff(EDITOR))
    return client


@pytest.fixture
def overview() -> Overview:
    overview = an_overview()
    published(overview)
    return overview


def change_steps(overview: Overview, body: str = "Two surgeons examine you.") -> None:
    overview.steps.update(body=body)
    published(overview)


def listed(client: Client) -> list[str]:
    """The pages that the staff index names under the heading."""
    index = read(client.get(reverse("admin:index")))
    panels = [panel for panel in index.all("section", class_="panel") if panel.one("h2").text == HEADING]
    return [link.text for panel in panels for link in panel.all("a")]


def test_page_with_former_steps_is_listed_until_published(editor: Client, overview: Overview) -> None:
    first, second = a_procedure("first"), a_procedure("second")
    for procedure in (first, second):
        published(procedure)
    assert listed(editor) == []
    change_steps(overview)
    assert listed(editor) == [str(first), str(second)]
    assert read(editor.get(reverse("admin:index"))).all("a", href=address(first))
    published(first)
    assert listed(editor) == [str(second)]
    published(second)
    assert listed(editor) == []


def test_change_of_case_in_steps_is_listed(editor: Client, overview: Overview) -> None:
    procedure = a_procedure()
    published(procedure)
    change_steps(overview, body="a Microsurgeon examines you.")
    assert listed(editor) == [str(procedure)]


def test_page_with_own_steps_is_not_listed(editor: Client, overview: Overview) -> None:
    procedure = a_procedure()
    procedure.steps.create(title="First Aid", body="Press firmly.")
    published(procedure)
    change_steps(overview)
    assert listed(editor) == []


def test_unpublished_steps_list_nothing(editor: Client, overview: Overview) -> None:
    published(a_procedure())
    overview.steps.update(body="Only a draft.")
    assert listed(editor) == []


def test_other_changes_of_the_overview_list_nothing(editor: Client, overview: Overview) -> None:
    published(a_procedure())
    overview.summary = "Another summary."
    overview.save()
    published(overview)
    assert listed(editor) == []


def test_withdrawn_overview_lists_nothing(editor: Client, overview: Overview) -> None:
    published(a_procedure())
    change_steps(overview)
    publishing.withdraw(overview, language="en")
    assert listed(editor) == []


def test_list_is_hidden_from_other_roles(client: Client, overview: Overview) -> None:
    published(a_procedure())
    change_steps(overview)
    client.force_login(staff(COORDINATOR))
    assert listed(client) == []


def test_list_takes_one_query(rf: Any, django_assert_num_queries: Any, overview: Overview) -> None:
    for number in range(5):
        published(a_procedure(f"page-{number}"))
    change_steps(overview)
    request = rf.get("/staff/")
    request.user = staff(EDITOR)
    assert request.user.has_perm("procedures.view_publication")
    with django_assert_num_queries(1):
        panel = panels.pages_panel(request)
        assert panel and len([str(publication.page) for publication in panel["outdated_steps"]]) == 5
