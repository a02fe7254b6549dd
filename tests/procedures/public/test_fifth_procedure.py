"""Staff can add, sign and publish a fifth procedure in the admin, without a change of code."""

import pytest
from django.test import Client
from django.urls import reverse

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Procedure, Source
from tests.admin_forms import add_in_admin, address, errors_in, form_of, publish_in_admin, with_parts
from tests.factories import a_procedure, a_reviewer, published, signed_in
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
# What staff write into the outline of a new procedure, and the parts they add.
BODIES = {"why": "To let the fluid drain.", "alternatives": "Bandages."}
PARTS = {
    "keyfacts": [{"label": "Operation length", "value": "Depends; ask your surgeon", "certainty": "varies"}],
    "risks": [{"name": "Infection", "body": "Germs get in.", "frequency": "common"}],
    "carecards": [{"level": "routine", "heading": "Contact the clinic if:", "items": "a question\nanother"}],
}


def fill_in(editor: Client, procedure: Procedure, parts: dict[str, list[dict[str, str]]]) -> None:
    sent = form_of(editor, address(procedure))
    for index, section in enumerate(procedure.sections.all()):
        sent[f"sections-{index}-body"] = BODIES.get(section.kind, "")
    response = editor.post(address(procedure), with_parts(sent, parts))
    assert response.status_code == 302, errors_in(response)


def shown_in(client: Client) -> set[str]:
    """Return the places where the site shows the procedure."""
    overview, listed = read(client.get("/")), read(client.get("/procedures/"))
    form = client.get(reverse("consultations:request")).content.decode()
    places = {
        "menu": ADDRESS in [link["href"] for link in overview.one("nav", id="menu").all("a")],
        "overview": any(heading.text == NAME for heading in overview.main.all("h3")),
        "list": any(heading.text == NAME for heading in listed.main.all("h2")),
        "form": f"procedure:{FIELDS['slug']}" in form,
        "sitemap": ADDRESS in client.get("/sitemap.xml").content.decode(),
        "page": client.get(ADDRESS).status_code == 200,
    }
    return {place for place, is_shown in places.items() if is_shown}


def test_fifth_procedure_is_published_once_complete_and_says_what_staff_entered(
    client: Client, sample_world: None
) -> None:
    ClinicProfile.objects.update(is_sample=False)  # samples have no structured data and no sitemap
    editor, reviewer, person = signed_in("Editor"), signed_in("Clinical reviewer"), a_reviewer()
    procedure = add_in_admin(editor, Procedure, FIELDS)
    fill_in(editor, procedure, {})
    refused = read(publish_in_admin(reviewer, procedure, person, change_note="Too early.")).text
    for missing in ("Add the risks.", "Say when to get help: add a card.", "Name at least one source."):
        assert missing in refused
    assert not procedure.publications.exists()
    assert shown_in(client) == set()

    source = str(Source.objects.all()[0].pk)
    citation = {"section": "why", "statement": "Fluid drains.", "source": source}
    fill_in(editor, procedure, PARTS | {"citations": [citation]})
    publish_in_admin(reviewer, procedure, person)

    assert shown_in(client) == {"menu", "overview", "list", "form", "sitemap", "page"}
    form = read(client.get(reverse("consultations:request"), {"about": FIELDS["slug"]}))
    choices = [control.get("value") for control in form.all("input", name="about")]
    assert f"procedure:{FIELDS['slug']}" in choices
    page = read(client.get(ADDRESS))
    assert page.one("h1").text.startswith(NAME)
    for words in ("Germs get in.", "Bandages.", "another", "Operation length", "Dr. Ayesha Khan", "12345-P"):
        assert words in page.main.text
    assert "Also called: Lymphovenous anastomosis and LVA Part of the body: Arm or leg" in page.main.text
    # Without steps of its own it shows the overview's.
    assert "Microscopic Intervention" in page.main.text
    assert page.meta("description") == [FIELDS["description"]]
    about = page.node("MedicalWebPage")["about"]
    assert (about["@type"], about["name"]) == ("SurgicalProcedure", NAME)
    assert about["alternateName"] == [FIELDS["plain_name"], "Lymphovenous anastomosis", "LVA"]
    assert about["bodyLocation"] == "Arm or leg"


def test_procedure_may_be_left_out_of_the_form_moved_first_and_withdrawn(
    client: Client, sample_world: None
) -> None:
    ClinicProfile.objects.update(is_sample=False)
    Procedure.objects.update(position=1)
    fifth = a_procedure(FIELDS["slug"], menu_label="Lymph Repair", position=0, show_in_form=False)
    published(fifth)
    assert shown_in(client) == {"menu", "overview", "list", "sitemap", "page"}
    assert read(client.get("/procedures/")).main.all("h2")[0].text == NAME
    assert signed_in("Manager").post(address(fifth, "withdraw")).status_code == 302
    assert shown_in(client) == set()
