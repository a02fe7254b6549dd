"""A procedure's page as patients are given it."""

from datetime import UTC, date, datetime

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from procedures.models import Overview, Procedure, Publication
from procedures.publishing import services as publishing
from tests.factories import a_procedure, a_reviewer, an_overview, published, shared_texts
from tests.pages import in_order, read

pytestmark = pytest.mark.django_db

ADDRESS = "/procedures/lymph-vessel-repair/"
# The order of a procedure page, by the kinds of section.
ORDER = [
    "why",
    "suitability",
    "alternatives",
    "preparation",
    "steps",
    "hospital",
    "recovery",
    "risks",
    "help",
    "questions",
]


def test_every_sample_procedure_has_its_parts_in_the_order_of_the_brief(
    client: Client, sample_site: None
) -> None:
    for procedure in Procedure.objects.all():
        page = read(client.get(f"/procedures/{procedure.slug}/"))
        ids = [section.get("id") for section in page.main.all("section")]
        assert in_order(ids, ORDER), procedure
        headings = page.heading_texts()
        assert in_order(headings, ["Request a consultation", "About this page", "Disclaimer"]), procedure


def test_an_empty_section_leaves_no_heading_and_no_link_to_it(client: Client) -> None:
    procedure = a_procedure()
    procedure.sections.create(kind="preparation", heading="How to prepare", body="", position=8)
    procedure.sections.create(kind="questions", heading="Questions to ask", body=" \n ", position=9)
    published(procedure)
    page = read(client.get(ADDRESS))
    assert "How to prepare" not in page.text
    assert "Questions to ask" not in page.text
    assert not page.all(id="preparation")


def test_the_contents_name_every_section_that_is_shown(client: Client, sample_site: None) -> None:
    page = read(client.get("/procedures/nerve-repair/"))
    contents = page.main.one("nav", class_="toc")
    shown = [section["id"] for section in page.main.all("section") if "section--" in section.get("class")]
    assert [link["href"] for link in contents.all("a")] == [f"#{name}" for name in shown]


def test_nothing_of_the_working_copy_shows_before_it_is_published(client: Client) -> None:
    procedure = a_procedure()
    assert client.get(ADDRESS).status_code == 404
    published(procedure)
    before = client.get(ADDRESS).content
    procedure.risks.update(body="Unsigned words.")
    Procedure.objects.update(title="Unsigned title", plain_name="unsigned", menu_label="Unsigned")
    a_reviewer(name="Dr. Unsigned", is_active=False)
    assert client.get(ADDRESS).content == before


def test_a_scheduled_version_shows_from_its_time_on(client: Client) -> None:
    procedure = a_procedure()
    with time_machine.travel(datetime(2026, 6, 1, 12, tzinfo=UTC), tick=False) as clock:
        published(procedure)
        procedure.risks.update(body="New words.")
        published(procedure, live_from=datetime(2026, 6, 2, tzinfo=UTC))
        assert "New words." not in read(client.get(ADDRESS)).text
        clock.move_to(datetime(2026, 6, 2, tzinfo=UTC))
        assert "New words." in read(client.get(ADDRESS)).text


def test_who_reviewed_it_and_when_stands_at_its_end(client: Client) -> None:
    published(a_procedure(), reviewed_on=date(2026, 3, 1), review_due_on=date(2029, 3, 1))
    text = read(client.get(ADDRESS)).main.text
    for words in (
        "Dr. Ayesha Khan",
        "Plastic Surgery",
        "12345-P",
        "1 March 2026",
        "1 March 2029",
        "Written.",
    ):
        assert words in text


def test_a_key_fact_leads_to_its_source(client: Client, sample_site: None) -> None:
    page = read(client.get("/procedures/replantation/"))
    references = [link for link in page.main.all("a") if link.get("class") == "ref"]
    assert references
    for link in references:
        assert page.main.one("li", id=link["href"][1:])


def test_an_address_that_was_changed_leads_to_the_new_one(client: Client) -> None:
    procedure = a_procedure()
    published(procedure)
    procedure.slug = "lymph-surgery"
    procedure.save()
    assert client.get(ADDRESS).status_code == 200, "not before it is published under the new address"
    published(procedure)
    response = client.get(ADDRESS)
    assert response.status_code in (301, 302, 307, 308)
    assert response["Location"] == "/procedures/lymph-surgery/"
    assert client.get("/procedures/lymph-surgery/").status_code == 200


def test_a_withdrawn_page_says_that_it_is_gone_and_leads_on(client: Client) -> None:
    procedure = a_procedure()
    published(procedure)
    publishing.withdraw(procedure, language="en")
    response = client.get(ADDRESS)
    assert response.status_code == 410
    page = read(response)
    assert page.one("h1")
    assert page.meta("robots")[0].startswith("noindex")
    assert page.main.all("a", href="tel:1122") or page.one("footer").all("a", href="tel:1122")


def test_two_procedures_never_show_each_others_parts(client: Client) -> None:
    published(a_procedure())
    published(a_procedure("tendon-transfer"))
    assert "Tendon Transfer: why" not in read(client.get(ADDRESS)).main.text


def test_the_overviews_steps_are_shown_as_they_were_signed(client: Client) -> None:
    shared_texts()
    overview: Overview = an_overview()
    published(overview)
    overview.steps.update(title="Unsigned step")
    published(a_procedure())
    text = read(client.get(ADDRESS)).main.text
    assert "A microsurgeon examines you." in text
    assert "Unsigned step" not in text


def test_a_document_of_an_older_version_of_this_code_still_shows(client: Client) -> None:
    """As it would be found in the database: fields of today missing, one of yesterday left."""
    import json

    publication = published(a_procedure())
    document = json.loads(publication.document)
    for name in ("body_location", "alternate_names"):
        document.pop(name)
    document["mood"] = "calm"
    Publication.objects.create(
        page=publication.page,
        language="en",
        number=2,
        slug=publication.slug,
        document=json.dumps(document),
        card=publication.card,
        published_at=timezone.now(),
        live_from=timezone.now(),
    )
    assert client.get(ADDRESS).status_code == 200
