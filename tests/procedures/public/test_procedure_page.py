"""A procedure's page as patients see it."""

import json

import pytest
from django.test import Client
from django.utils import timezone

from procedures.models import Overview, Procedure, Publication
from tests.factories import a_disclaimer, a_procedure, a_reviewer, an_overview, published
from tests.pages import in_order, read

pytestmark = pytest.mark.django_db

ADDRESS = "/procedures/lymph-vessel-repair/"
# The kinds of section in the order of a procedure page.
ORDER = ["why", "suitability", "alternatives", "preparation", "steps", "hospital", "recovery"]
ORDER += ["risks", "help", "questions"]


def test_procedure_page_has_its_sections_in_order_and_lists_them(client: Client, sample_site: None) -> None:
    for procedure in Procedure.objects.filter(publications__isnull=False):
        page = read(client.get(f"/procedures/{procedure.slug}/"))
        sections = [one for one in page.main.all("section") if "section--" in one.get("class", "")]
        # A folded section has its anchor inside, so that a link opens it.
        shown = [one.get("id") or one.one("div", class_="section__body")["id"] for one in sections]
        assert in_order(shown, ORDER), procedure
        headings = ["Request a consultation", "About this page", "Disclaimer"]
        assert in_order(page.heading_texts(), headings), procedure
        contents = page.main.one("nav", class_="toc")
        assert [link["href"] for link in contents.all("a")] == [f"#{name}" for name in shown]
        periods = [one.one("h3").text for one in page.main.one("figure").one("ol").all("li")]
        assert periods == [note.title for note in procedure.recoverynotes.all()]
        for link in page.main.all("a", class_="ref"):
            assert page.main.one("li", id=link["href"][1:])
    assert read(client.get("/procedures/replantation/")).main.all("a", class_="ref")


def test_procedure_page_leaves_out_empty_sections_and_other_pages(client: Client) -> None:
    procedure = a_procedure()
    procedure.sections.create(kind="preparation", heading="How to prepare", body="", position=8)
    procedure.sections.create(kind="questions", heading="Questions to ask", body=" \n ", position=9)
    published(procedure)
    published(a_procedure("tendon-transfer"))
    page = read(client.get(ADDRESS))
    assert "Tendon Transfer: why" not in page.main.text
    assert "How to prepare" not in page.text
    assert "Questions to ask" not in page.text
    assert not page.all(id="preparation")


def test_procedure_page_shows_nothing_of_the_draft(client: Client) -> None:
    procedure = a_procedure()
    assert client.get(ADDRESS).status_code == 404
    published(procedure)
    before = client.get(ADDRESS).content
    procedure.risks.update(body="Unsigned words.")
    Procedure.objects.update(title="Unsigned title", plain_name="unsigned", menu_label="Unsigned")
    a_reviewer(name="Dr. Unsigned", is_active=False)
    assert client.get(ADDRESS).content == before


def test_withdrawn_page_shows_the_emergency_number(client: Client) -> None:
    published(a_procedure())
    Publication.objects.update(withdrawn_at=timezone.now())
    response = client.get(ADDRESS)
    assert response.status_code == 410
    page = read(response)
    assert page.main.all("a", href="tel:1122") or page.one("footer").all("a", href="tel:1122")


def test_procedure_page_shows_the_overview_steps_as_signed(client: Client) -> None:
    a_disclaimer()
    overview: Overview = an_overview()
    published(overview)
    overview.steps.update(title="Unsigned step")
    published(a_procedure())
    text = read(client.get(ADDRESS)).main.text
    assert "A microsurgeon examines you." in text
    assert "Unsigned step" not in text


def test_procedure_page_shows_a_document_of_another_schema(client: Client) -> None:
    """Present fields are missing, and an unknown one is there."""
    publication = published(a_procedure())
    document = json.loads(publication.document)
    for name in ("body_location", "alternate_names"):
        document.pop(name)
    document["mood"] = "calm"
    now = timezone.now()
    Publication.objects.create(
        page=publication.page,
        language="en",
        number=2,
        slug=publication.slug,
        document=json.dumps(document),
        card=publication.card,
        published_at=now,
        live_from=now,
    )
    assert client.get(ADDRESS).status_code == 200


def test_page_can_be_shared_on_whatsapp(client: Client, sample_site: None) -> None:
    for path, title in (
        ("/procedures/nerve-repair/", "Nerve%20Repair"),
        ("/emergency/", "Finger%20or%20hand%20cut%20off%3F%20Do%20this%20now."),
    ):
        link = next(link for link in read(client.get(path)).main.all("a") if "Share" in link.text)
        address = f"http://localhost:8000{path}".replace(":", "%3A").replace("/", "%2F")
        assert link["href"] == f"https://wa.me/?text={title}%20{address}"
