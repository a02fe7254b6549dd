"""A fifth procedure is work of staff alone: added, signed and published in the admin, no code changed."""

import pytest
from django.test import Client
from django.urls import reverse

from procedures.models import Procedure, Source
from tests.admin_forms import (
    add_in_admin,
    address,
    change_in_admin,
    errors_in,
    form_of,
    publish_in_admin,
    with_parts,
)
from tests.factories import a_reviewer, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

NAME = "Lymph Vessel Repair"
ADDRESS = "/procedures/lymph-vessel-repair/"
FIELDS = {
    "title": NAME,
    "slug": "lymph-vessel-repair",
    "plain_name": "joining small lymph vessels to veins",
    "menu_label": "Lymph Repair",
    "alternate_names": "Lymphovenous anastomosis, LVA",
    "summary": "Lymph vessels thinner than a millimeter are joined to veins. The swelling can then drain.",
    "description": "Why lymph vessels are repaired, what happens, recovery and risks.",
    "author": "The clinic",
    "urgency": "planned",
    "body_location": "Arm or leg",
    "position": "5",
    "show_in_form": "on",
    "drawing": "vessel",
}


# What staff write into the outline that a new procedure begins with, and what they add to it.
BODIES = {"why": "To let the fluid drain.", "alternatives": "Bandages."}
PARTS = {
    "keyfacts": [{"label": "Operation length", "value": "Depends; ask your surgeon", "certainty": "varies"}],
    "risks": [{"name": "Infection", "body": "Germs get in.", "frequency": "common"}],
    "carecards": [{"level": "routine", "heading": "Contact the clinic if:", "items": "a question\nanother"}],
    "citations": [{"section": "why", "statement": "Fluid drains."}],
}


def fill_in(editor: Client, procedure: Procedure, parts: dict[str, list[dict[str, str]]]) -> None:
    sent = form_of(editor, address(procedure))
    for index, section in enumerate(procedure.sections.all()):
        sent[f"sections-{index}-body"] = BODIES.get(section.kind, "")
    source = str(Source.objects.all()[0].pk)
    citations = [citation | {"source": source} for citation in parts["citations"]]
    response = editor.post(address(procedure), with_parts(sent, parts | {"citations": citations}))
    assert response.status_code == 302, errors_in(response)


@pytest.fixture
def editor(sample_world: None) -> Client:
    client = Client()
    client.force_login(staff("Editor"))
    return client


@pytest.fixture
def reviewer(sample_world: None) -> Client:
    client = Client()
    client.force_login(staff("Clinical reviewer"))
    return client


@pytest.fixture
def fifth(editor: Client) -> Procedure:
    procedure: Procedure = add_in_admin(editor, Procedure, FIELDS)
    fill_in(editor, procedure, PARTS)
    return procedure


def everywhere(client: Client) -> dict[str, bool]:
    """Where the site shows the procedure."""
    overview, listed = read(client.get("/")), read(client.get("/procedures/"))
    form = client.get(reverse("consultations:request")).content.decode()
    return {
        "menu": ADDRESS in [link["href"] for link in overview.one("nav", id="menu").all("a")],
        "overview": any(heading.text == NAME for heading in overview.main.all("h3")),
        "list": any(heading.text == NAME for heading in listed.main.all("h2")),
        "form": NAME in form,
        "sitemap": ADDRESS in client.get("/sitemap.xml").content.decode(),
        "page": client.get(ADDRESS).status_code == 200,
    }


def test_before_it_is_published_nobody_sees_it_anywhere(client: Client, fifth: Procedure) -> None:
    assert set(everywhere(client).values()) == {False}


def test_published_it_is_everywhere(client: Client, fifth: Procedure, reviewer: Client) -> None:
    publish_in_admin(reviewer, fifth, a_reviewer())
    assert set(everywhere(client).values()) == {True}, everywhere(client)


def test_withdrawn_it_is_nowhere_any_more(client: Client, fifth: Procedure, reviewer: Client) -> None:
    publish_in_admin(reviewer, fifth, a_reviewer())
    assert reviewer.post(address(fifth, "withdraw")).status_code == 302
    assert set(everywhere(client).values()) == {False}, everywhere(client)


def test_its_page_says_what_staff_entered(client: Client, fifth: Procedure, reviewer: Client) -> None:
    publish_in_admin(reviewer, fifth, a_reviewer())
    page = read(client.get(ADDRESS))
    assert page.one("h1").text.startswith(NAME)
    for words in ("Germs get in.", "Bandages.", "another", "Operation length", "Dr. Ayesha Khan", "12345-P"):
        assert words in page.main.text
    # With no steps of its own it shows the overview's.
    assert "Microscopic Intervention" in page.main.text
    assert page.meta("description") == [FIELDS["description"]]


def test_its_structured_data_is_that_of_a_procedure(
    client: Client, fifth: Procedure, reviewer: Client
) -> None:
    publish_in_admin(reviewer, fifth, a_reviewer())
    about = read(client.get(ADDRESS)).node("MedicalWebPage")["about"]
    assert about["@type"] == "SurgicalProcedure"
    assert about["name"] == NAME
    assert about["alternateName"] == [FIELDS["plain_name"], "Lymphovenous anastomosis", "LVA"]
    assert about["bodyLocation"] == "Arm or leg"


def test_it_can_be_asked_for(client: Client, fifth: Procedure, reviewer: Client) -> None:
    publish_in_admin(reviewer, fifth, a_reviewer())
    page = read(client.get(reverse("consultations:request"), {"about": "lymph-vessel-repair"}))
    offered = [control.get("value") for control in page.all("input", name="about")]
    assert "procedure:lymph-vessel-repair" in offered


def test_one_that_is_not_offered_in_the_form_is_not(
    client: Client, fifth: Procedure, editor: Client, reviewer: Client
) -> None:
    change_in_admin(editor, fifth, {"show_in_form": ""})
    publish_in_admin(reviewer, fifth, a_reviewer())
    assert everywhere(client) == dict.fromkeys(everywhere(client), True) | {"form": False}


def test_it_stands_where_staff_put_it(client: Client, fifth: Procedure, reviewer: Client) -> None:
    Procedure.objects.filter(pk=fifth.pk).update(position=0)
    first = Procedure.objects.exclude(pk=fifth.pk).order_by("position")[0]
    Procedure.objects.filter(pk=first.pk).update(position=1)
    publish_in_admin(reviewer, fifth, a_reviewer())
    assert read(client.get("/procedures/")).main.all("h2")[0].text == NAME


def test_what_is_missing_is_named_and_nothing_is_published(
    client: Client, editor: Client, reviewer: Client
) -> None:
    procedure = add_in_admin(editor, Procedure, FIELDS)
    fill_in(editor, procedure, PARTS | {"risks": [], "carecards": []})
    response = publish_in_admin(reviewer, procedure, a_reviewer(), change_note="Too early.")
    assert response.status_code == 200
    text = read(response).text
    assert "Add the risks." in text
    assert "Say when to get help: add a card." in text
    assert not procedure.publications.exists()
    assert client.get(ADDRESS).status_code == 404
