"""A procedure is archived instead of deleted: it leaves the site and the lists, and can return."""

import pytest
from django.test import Client
from django.urls import reverse

from consultations.models import ConsultationRequest
from procedures.models import Procedure, Publication
from procedures.publishing import publishing
from tests.admin_forms import address, warnings_in
from tests.factories import a_disclaimer, a_procedure, a_request, an_overview, published, signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db

PATH = "/procedures/lymph-vessel-repair/"
LIST = "/staff/procedures/procedure/"
NAME = "Lymph Vessel Repair"


@pytest.fixture
def procedure() -> Procedure:
    a_disclaimer()
    published(an_overview())
    procedure = a_procedure(title=NAME)
    published(procedure)
    return procedure


@pytest.fixture
def manager() -> Client:
    return signed_in("Manager")


def shown_in(client: Client) -> list[bool]:
    places = ("/", "/procedures/", "/sitemap.xml", reverse("consultations:request"))
    return ["lymph-vessel-repair" in client.get(path).content.decode() for path in places]


def test_archiving_takes_a_procedure_off_the_site(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    consultation = a_request(about="procedure", procedure=procedure, procedure_name=procedure.title)
    assert manager.get(address(procedure, "archive")).status_code == 200
    assert all(shown_in(client)), "a GET changed something"
    for _ in range(2):
        assert manager.post(address(procedure, "archive")).status_code == 302
    assert not any(shown_in(client))
    assert client.get(PATH).status_code == 410
    assert Publication.objects.filter(page=procedure, withdrawn_at__isnull=False).count() == 1
    # Requests for it keep its name.
    consultation = ConsultationRequest.objects.get(pk=consultation.pk)
    assert (consultation.procedure_name, consultation.procedure_id) == (NAME, procedure.pk)
    assert NAME in manager.get(reverse("desk:request", args=[consultation.pk])).content.decode()


def test_archived_procedure_is_listed_by_its_filter_and_cannot_be_published(
    manager: Client, procedure: Procedure
) -> None:
    publishing.archive(procedure, by=None)
    for query, is_listed in (
        ("", False),
        ("?archived=yes", True),
        ("?archived=all", True),
        ("?q=Lymph", False),
        ("?archived=yes&q=Lymph", True),
    ):
        changelist = read(manager.get(LIST + query)).one(id="changelist")
        assert (NAME in changelist.text) == is_listed, query
        choices = changelist.one(id="changelist-filter").all("li")
        assert [choice.text for choice in choices] == ["Not archived", "Archived", "All"]
    assert "Archived on" in read(manager.get(address(procedure))).text
    with pytest.raises(publishing.NotReadyError, match="archived"):
        published(procedure)
    page = read(manager.get(address(procedure, "publish")))
    (link,) = (link for link in page.all("a") if "archived" in link.text)
    assert manager.get(link["href"]).status_code == 200
    assert Publication.objects.filter(page=procedure).count() == 1


def test_unarchived_procedure_is_in_the_lists_but_not_on_the_site(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    publishing.archive(procedure, by=None)
    (link,) = (link for link in read(manager.get(address(procedure))).all("a") if link.text == "Unarchive…")
    assert manager.get(link["href"]).status_code == 200
    assert Procedure.objects.get(pk=procedure.pk).archived_at
    response = manager.post(link["href"])
    assert warnings_in(response)[-1] == "Unarchived. Patients see it once it is published."
    assert NAME in read(manager.get(LIST)).one(id="changelist").text
    assert client.get(PATH).status_code == 410
    published(procedure)
    assert client.get(PATH).status_code == 200


def test_overview_cannot_be_archived(manager: Client, procedure: Procedure) -> None:
    overview = Publication.objects.get(page__kind="overview").page_id
    for kind in ("overview", "procedure"):
        assert manager.post(f"/staff/procedures/{kind}/{overview}/archive/").status_code in (302, 404)
    assert Publication.objects.live().filter(page=overview).exists()
