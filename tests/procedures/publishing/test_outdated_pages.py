"""The staff index lists pages that show an outdated disclaimer, or former steps of the overview."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from procedures.models import Disclaimer, Overview, Procedure
from procedures.publishing import publishing
from procedures.staff import panels
from tests.admin_forms import address, form_of
from tests.conftest import shared_world
from tests.factories import a_procedure, an_overview, published, staff
from tests.pages import read

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("world")]

TEXTS = "Pages with an outdated disclaimer"
STEPS = "Pages with outdated steps"


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """The overview and two procedures without steps of their own, all published."""
    with shared_world(django_db_blocker):
        for page in (an_overview(), a_procedure("first"), a_procedure("second")):
            published(page)
        yield


def listed(client: Client, heading: str) -> list[str]:
    """The pages that the staff index names under the heading, by the address of their form."""
    index = read(client.get(reverse("admin:index")))
    panels = [panel for panel in index.all("section", class_="panel") if panel.one("h2").text == heading]
    return [link["href"] for panel in panels for link in panel.all("a")]


def change(client: Client, record: Model, **answers: str) -> str:
    """Save the form of a shared text; return what the next page says."""
    url = address(record)
    return read(client.post(url, form_of(client, url) | answers, follow=True)).text


def change_steps(body: str = "Two surgeons examine you.") -> None:
    overview = Overview.objects.get()
    overview.steps.update(body=body)
    published(overview)


def test_page_with_former_text_is_listed_until_published(editor: Client) -> None:
    assert listed(editor, TEXTS) == []
    said = change(editor, Disclaimer.objects.get(), body="Read this.")
    assert "Patients see the old text until each page is published again." in said
    assert len(listed(editor, TEXTS)) == 3, "not the emergency text, which has none"
    for procedure in Procedure.objects.all():
        published(procedure)
    overview = Overview.objects.get()
    assert listed(editor, TEXTS) == [address(overview)]
    published(overview)
    assert listed(editor, TEXTS) == []


def test_saving_an_unchanged_text_lists_nothing(editor: Client) -> None:
    assert "old text" not in change(editor, Disclaimer.objects.get())
    assert listed(editor, TEXTS) == []


def test_page_with_former_steps_is_listed_until_published(editor: Client) -> None:
    first, second = Procedure.objects.order_by("pk")
    assert listed(editor, STEPS) == []
    change_steps()
    assert listed(editor, STEPS) == [address(first), address(second)]
    published(first)
    assert listed(editor, STEPS) == [address(second)]
    published(second)
    assert listed(editor, STEPS) == []
    change_steps("two surgeons examine you.")
    assert listed(editor, STEPS) == [address(first), address(second)], "another case is another text"


def test_page_with_own_steps_is_not_listed(editor: Client) -> None:
    first, second = Procedure.objects.order_by("pk")
    first.steps.create(title="First Aid", body="Press firmly.")
    published(first)
    change_steps()
    assert listed(editor, STEPS) == [address(second)]


def test_unpublished_steps_and_other_changes_of_the_overview_list_nothing(editor: Client) -> None:
    overview = Overview.objects.get()
    overview.summary = "Another summary."
    overview.save()
    published(overview)
    overview.steps.update(body="Only a draft.")
    assert listed(editor, STEPS) == []


def test_pages_that_are_not_live_are_not_listed(editor: Client) -> None:
    change_steps()
    publishing.withdraw(Overview.objects.get(), language="en")
    assert listed(editor, STEPS) == []
    a_procedure("draft")
    for procedure in Procedure.objects.filter(publications__isnull=False):
        publishing.withdraw(procedure, language="en")
    change(editor, Disclaimer.objects.get(), heading="Another heading")
    assert listed(editor, TEXTS) == []


def test_both_lists_take_one_query(rf: Any, django_assert_num_queries: Any) -> None:
    for number in range(3):
        published(a_procedure(f"page-{number}"))
    Disclaimer.objects.get().save()
    change_steps()
    request = rf.get("/staff/")
    request.user = staff("Editor")
    assert request.user.has_perm("procedures.view_publication")
    with django_assert_num_queries(1):
        panel = panels.pages_panel(request)
        assert panel
        for list_name in ("outdated_disclaimer", "outdated_steps"):
            assert len([str(publication.page) for publication in panel[list_name]]) == 5
