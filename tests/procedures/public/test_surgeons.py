"""Surgeons: their profiles, and the links between them and the procedures they do."""

from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.roles import EDITOR
from procedures.models import Practitioner
from procedures.publishing import publishing
from tests.admin_forms import address, form_of
from tests.factories import a_procedure, a_reviewer, published, signed_in
from tests.pages import read

pytestmark = pytest.mark.django_db

PROFILE = "/surgeons/dr-ayesha-khan/"
PROCEDURE = "/procedures/lymph-vessel-repair/"


def test_profile_shows_what_staff_entered(client: Client) -> None:
    surgeon, live, draft = a_reviewer(), a_procedure(), a_procedure("only-a-draft")
    published(live)
    editor = signed_in(EDITOR)
    entered: dict[str, Any] = {
        "training": "A hospital in Lahore, 2010 to 2015\r\n\r\nA hospital in Multan, 2016",
        "languages": "Urdu, Punjabi, English",
        "procedures": [live.pk, draft.pk],
        "biography": "She repairs **nerves**.",
    }
    response = editor.post(address(surgeon), form_of(editor, address(surgeon)) | entered)
    assert response.status_code == 302
    main = read(client.get(PROFILE)).main
    record = {row.one("dt").text: row.one("dd").text for row in main.one("dl").all("div")}
    assert record == {
        "Specialty": "Plastic Surgery",
        "Qualifications": "MBBS, FCPS",
        "Training": "A hospital in Lahore, 2010 to 2015 A hospital in Multan, 2016",
        "Languages": "Urdu, Punjabi, English",
        "PMDC registration": "12345-P",
    }
    assert main.one("strong").text == "nerves"
    assert [link["href"] for link in main.one("div", class_="person").all("a")] == [PROCEDURE]
    assert main.one("img", class_="lens")["src"].startswith("/static/components/person")
    for path in ("/surgeons/", PROCEDURE):
        assert PROFILE in [link["href"] for link in read(client.get(path)).main.all("a")], path
    publishing.withdraw(live, language="en")
    assert "Lymph" not in read(client.get(PROFILE)).main.text


def test_addresses_are_made_from_names_and_unique() -> None:
    names = ["Dr. Ayesha Khan", "Dr. Ayesha Khan", "ڈاکٹر عائشہ", "ڈاکٹر علی"]
    assert [a_reviewer(name=name).slug for name in names] == [
        "dr-ayesha-khan",
        "dr-ayesha-khan-2",
        "surgeon",
        "surgeon-2",
    ]
    editor, other = signed_in(EDITOR), Practitioner.objects.get(slug="surgeon")
    form = form_of(editor, address(other))
    response = editor.post(address(other), form | {"slug": "dr-ayesha-khan"})
    assert "Another practitioner has this address." in response.content.decode()
    assert editor.post(address(other), form | {"slug": ""}).status_code == 302
    other.refresh_from_db()
    assert other.slug == "surgeon"


def test_former_surgeon_has_no_page(client: Client) -> None:
    former, procedure = a_reviewer(is_active=False), a_procedure()
    former.procedures.add(procedure)
    published(procedure)
    assert client.get(PROFILE).status_code == 404
    for path in ("/surgeons/", PROCEDURE, "/sitemap.xml"):
        assert PROFILE not in client.get(path).content.decode(), path
    Practitioner.objects.update(is_active=True)
    assert PROFILE in client.get(PROCEDURE).content.decode()


def test_sample_surgeon_says_so_and_is_not_indexed(client: Client) -> None:
    a_reviewer()
    a_reviewer(name="Dr. Sample", is_sample=True)
    sample, real = read(client.get("/surgeons/dr-sample/")), read(client.get(PROFILE))
    assert "Sample, not a real person" in sample.main.text
    assert (sample.meta("robots"), sample.structured_data) == (["noindex"], [])
    assert real.meta("robots") == ["index, follow"]
    assert real.node("IndividualPhysician")["name"] == "Dr. Ayesha Khan"
    assert client.get("/sitemap.xml").content.decode().count("<loc>http://localhost:8000/surgeons/dr-") == 1
