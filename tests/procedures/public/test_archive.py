"""Deleting a procedure is archiving it: off the site and out of the lists, and there is a way back."""

import pytest
from django.test import Client
from django.urls import reverse

from consultations.models import ConsultationRequest
from procedures.models import Procedure, Publication
from procedures.publishing import services as publishing
from tests.admin_forms import address, told
from tests.factories import a_procedure, a_request, an_overview, published, shared_texts, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

PATH = "/procedures/lymph-vessel-repair/"
LIST = "/staff/procedures/procedure/"


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    published(an_overview())
    procedure = a_procedure(title="Lymph Vessel Repair")
    published(procedure)
    return procedure


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(staff("Manager"))
    return client


def places(client: Client) -> dict[str, bool]:
    return {
        path: "lymph-vessel-repair" in client.get(path).content.decode()
        for path in ("/", "/procedures/", "/sitemap.xml", reverse("consultations:request"))
    }


def test_it_is_gone_from_the_menu_the_list_the_form_and_the_sitemap(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    assert set(places(client).values()) == {True}
    assert manager.get(address(procedure, "archive")).status_code == 200
    assert set(places(client).values()) == {True}, "a GET changed something"
    manager.post(address(procedure, "archive"))
    assert set(places(client).values()) == {False}
    assert client.get(PATH).status_code == 410


def test_old_requests_keep_its_name(client: Client, manager: Client, procedure: Procedure) -> None:
    request = a_request(about="procedure", procedure=procedure, procedure_name=procedure.title)
    manager.post(address(procedure, "archive"))
    request = ConsultationRequest.objects.get(pk=request.pk)
    assert request.procedure_name == "Lymph Vessel Repair"
    assert request.procedure_id == procedure.pk
    response = manager.get(reverse("desk:request", args=[request.pk]))
    assert "Lymph Vessel Repair" in response.content.decode()


def test_staff_find_it_among_the_archived_and_nowhere_else(manager: Client, procedure: Procedure) -> None:
    manager.post(address(procedure, "archive"))
    listed = {
        query: "Lymph Vessel Repair" in read(manager.get(LIST + query)).one(id="changelist").text
        for query in ("", "?archived=yes", "?archived=all", "?q=Lymph", "?archived=yes&q=Lymph")
    }
    assert listed == {"": False, "?archived=yes": True, "?archived=all": True, "?q=Lymph": False} | {
        "?archived=yes&q=Lymph": True
    }
    assert "Archived on" in read(manager.get(address(procedure))).text


def test_taken_out_of_the_archive_it_is_back_in_the_lists_and_not_on_the_site(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    manager.post(address(procedure, "archive"))
    page = read(manager.get(address(procedure)))
    (link,) = (link for link in page.all("a") if link.text == "Take out of the archive…")
    assert manager.get(link["href"]).status_code == 200
    assert Procedure.objects.get(pk=procedure.pk).archived_at
    response = manager.post(link["href"])
    assert told(response)[-1] == "Out of the archive. Patients see it once it is published."
    assert "Lymph Vessel Repair" in read(manager.get(LIST)).one(id="changelist").text
    assert client.get(PATH).status_code == 410
    published(procedure)
    assert client.get(PATH).status_code == 200


def test_an_archived_procedure_cannot_be_published_by_any_way(manager: Client, procedure: Procedure) -> None:
    manager.post(address(procedure, "archive"))
    with pytest.raises(publishing.NotReadyError, match="archived"):
        published(procedure)
    page = read(manager.get(address(procedure, "publish")))
    (link,) = (link for link in page.all("a") if "archived" in link.text)
    assert manager.get(link["href"]).status_code == 200
    assert Publication.objects.filter(page=procedure).count() == 1


def test_archiving_twice_is_archiving_once(manager: Client, procedure: Procedure) -> None:
    for _ in range(2):
        assert manager.post(address(procedure, "archive")).status_code == 302
    assert Publication.objects.filter(page=procedure, withdrawn_at__isnull=False).count() == 1


def test_the_overview_cannot_be_archived(manager: Client, procedure: Procedure) -> None:
    overview = Publication.objects.get(page__kind="overview").page_id
    for kind in ("overview", "procedure"):
        assert manager.post(f"/staff/procedures/{kind}/{overview}/archive/").status_code in (302, 404)
    assert Publication.objects.live().filter(page=overview).exists()
