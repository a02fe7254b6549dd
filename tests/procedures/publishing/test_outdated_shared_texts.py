"""The staff index lists pages that show an outdated emergency text or disclaimer."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.roles import COORDINATOR, EDITOR
from procedures.models import Disclaimer, EmergencyText
from procedures.publishing import services as publishing
from procedures.staff import panels
from tests.admin_forms import address, form_of
from tests.factories import a_procedure, an_overview, published, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

HEADING = "Pages with an outdated emergency text or disclaimer"


@pytest.fixture
def editor(client: Client) -> Client:
    client.force_login(staff(EDITOR))
    return client


def changes(client: Client, record: Any, **answers: str) -> Any:
    url = address(record)
    return client.post(url, form_of(client, url) | answers, follow=True)


def listed(client: Client) -> list[str]:
    """The pages that the staff index names under the heading."""
    index = read(client.get(reverse("admin:index")))
    panels = [panel for panel in index.all("section", class_="panel") if panel.one("h2").text == HEADING]
    return [link.text for panel in panels for link in panel.all("a")]


@pytest.mark.parametrize(
    ("model", "changed"),
    [(EmergencyText, {"heading": "Call 1122 now if:"}), (Disclaimer, {"body": "Read this."})],
)
def test_page_with_former_text_is_listed_until_published(
    editor: Client, model: Any, changed: dict[str, str]
) -> None:
    overview, procedure = an_overview(), a_procedure()
    published(overview)
    published(procedure)
    assert listed(editor) == []
    answer = changes(editor, model.objects.get(), **changed)
    assert "Patients see the old text until each page is published again." in read(answer).text
    assert listed(editor) == [str(overview), str(procedure)]
    published(procedure)
    assert listed(editor) == [str(overview)]
    assert read(editor.get(reverse("admin:index"))).all("a", href=address(overview))
    published(overview)
    assert listed(editor) == []


def test_saving_an_unchanged_text_lists_nothing(editor: Client) -> None:
    published(an_overview())
    answer = changes(editor, EmergencyText.objects.get())
    assert "old text" not in read(answer).text
    assert listed(editor) == []


def test_pages_that_are_not_live_are_not_listed(editor: Client) -> None:
    gone, only_a_draft = a_procedure("gone"), a_procedure("draft")
    published(gone)
    publishing.withdraw(gone, language="en")
    answer = changes(editor, EmergencyText.objects.get(), heading="Call 1122 now if:")
    assert "old text" not in read(answer).text
    assert listed(editor) == []
    assert only_a_draft.publications.count() == 0


def test_list_is_hidden_from_other_roles(client: Client) -> None:
    published(an_overview())
    Disclaimer.objects.get().save()
    client.force_login(staff(COORDINATOR))
    assert listed(client) == []


def test_list_takes_one_query(rf: Any, django_assert_num_queries: Any) -> None:
    for number in range(5):
        published(a_procedure(f"page-{number}"))
    EmergencyText.objects.get().save()
    request = rf.get("/staff/")
    request.user = staff(EDITOR)
    assert request.user.has_perm("procedures.view_publication")
    with django_assert_num_queries(1):
        panel = panels.pages_panel(request)
        assert panel and len([str(publication.page) for publication in panel["outdated_texts"]]) == 5
