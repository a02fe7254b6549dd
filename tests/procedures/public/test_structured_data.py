"""Structured data (JSON-LD) for search engines: only what the page shows."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client
from django.utils.formats import date_format
from django.utils.translation import override
from hypothesis import given
from msgspec.structs import replace

from clinic_site.clinic.models import ClinicProfile, Closure, OpeningHours
from clinic_site.core.templatetags.formatting import json_ld
from procedures.models import Practitioner, Procedure, Publication
from procedures.public import structured_data
from procedures.publishing import publishing
from procedures.publishing.documents import PageDocument
from tests.factories import a_document, a_procedure, a_reviewer, an_overview, published
from tests.pages import read
from tests.procedures.publishing.strategies import DOCUMENTS

CLINIC_ID = "http://localhost:8000/clinic/#clinic"
URL = "http://localhost:8000/procedures/lymph-vessel-repair/"


def a_clinic(**fields: Any) -> ClinicProfile:
    return ClinicProfile(**{"pk": 1, "name": "A Clinic", "city": "Lahore", "address": "1 Mall Road"} | fields)


def nodes(document: PageDocument, clinic: ClinicProfile | None = None) -> dict[str, dict[str, Any]]:
    return {node["@type"]: node for node in structured_data.page(document, clinic)["@graph"]}


def test_procedure_is_a_medical_web_page_about_a_surgical_procedure() -> None:
    page = nodes(a_document(), a_clinic())["MedicalWebPage"]
    assert page["name"] == "Lymph Vessel Repair"
    assert page["url"] == page["@id"] == URL
    assert page["inLanguage"] == "en"
    assert page["description"] == a_document().summary
    assert page["audience"] == {"@type": "Patient"}
    assert page["publisher"]["@type"] == "MedicalClinic"
    assert page["publisher"]["name"] == "A Clinic"
    assert page["author"]["name"] == "The clinic"
    assert page["citation"] == ["Lymph surgery"]
    assert page["about"] == {
        "@type": "SurgicalProcedure",
        "name": "Lymph Vessel Repair",
        "alternateName": ["joining small lymph vessels to veins", "Lymphovenous anastomosis"],
        "bodyLocation": "Arm or leg",
        "relevantSpecialty": "https://schema.org/Surgical",
        "preparation": "Ask about your medicines.",
        "howPerformed": ["Joining"],
    }


def test_review_names_the_person_and_a_sample_is_left_out() -> None:
    page = nodes(a_document())["MedicalWebPage"]
    assert page["lastReviewed"] == "2026-03-01"
    assert page["reviewedBy"] == {
        "@type": "Person",
        "name": "Dr. Ayesha Khan",
        "identifier": {"@type": "PropertyValue", "propertyID": "PMDC", "value": "12345-P"},
    }
    review = a_document().review
    assert review
    sample = replace(review, reviewer=replace(review.reviewer, is_sample=True))
    for no_review in (None, sample):
        page = nodes(replace(a_document(), review=no_review))["MedicalWebPage"]
        assert not {"lastReviewed", "reviewedBy"} & page.keys()


@pytest.mark.django_db
def test_dates_are_of_the_first_and_this_version_in_lahore(client: Client) -> None:
    procedure = a_procedure()
    for moment in (datetime(2026, 5, 3, 20, tzinfo=UTC), datetime(2026, 6, 7, 21, 30, tzinfo=UTC)):
        with time_machine.travel(moment, tick=False):
            published(procedure, reviewed_on=date(2026, 5, 1), review_due_on=date(2028, 1, 1))
    with time_machine.travel(datetime(2026, 7, 1, tzinfo=UTC)):
        response = read(client.get("/procedures/lymph-vessel-repair/"))
    page = response.node("MedicalWebPage")
    # 8 pm in UTC is 1 am of the next day in Lahore.
    assert (page["datePublished"], page["dateModified"]) == ("2026-05-04", "2026-06-08")
    assert "8 June 2026" in response.main.text


# Values in the formats and vocabularies of schema.org: addresses, codes, phone numbers, times of day.
CODES = {"@context", "@type", "@id", "url", "item", "inLanguage", "addressCountry", "propertyID", "hasMap"}
CODES |= {"relevantSpecialty", "medicalSpecialty", "dayOfWeek", "opens", "closes", "telephone", "contactType"}
CODES |= {"image"}


def texts(value: Any, name: str = "") -> Iterator[str]:
    """Every text that a reader should find on the page, dates as the page writes them."""
    if isinstance(value, dict):
        for key, part in value.items():
            yield from texts(part, key)
    elif isinstance(value, list):
        for part in value:
            yield from texts(part, name)
    elif name == "streetAddress":
        yield from value.split(", ")
    elif isinstance(value, str) and name not in CODES:
        is_date = re.fullmatch(r"\d{4}-\d\d-\d\d", value)
        yield date_format(date.fromisoformat(value), "j F Y") if is_date else " ".join(value.split())


@pytest.mark.django_db
def test_structured_data_says_only_what_the_page_shows(client: Client, sample_site: None) -> None:
    # Samples have none.
    ClinicProfile.objects.update(is_sample=False, license_number="R-1", about="", complaints="")
    for page in [publication.page for publication in Publication.objects.live_for("en")]:
        published(page, change_note="A second version.")
        published(page, language="ur", change_note="A second version.")
    pages = Publication.objects.live_for("en").exclude(page__kind="emergency")
    live = [publication.get_absolute_url() for publication in pages]
    assert len(live) == 5
    paths = (*live, "/questions/", "/procedures/", "/surgeons/", "/surgeons/dr-ayesha-khan/", "/clinic/")
    for prefix, language in (("", "en"), ("/ur", "ur")):
        for path in paths:
            page = read(client.get(prefix + path))
            shown = " ".join(part.text for part in page.all("header", "main", "footer"))
            with override(language):
                said = list(texts(page.structured_data))
            assert said, path
            assert [text for text in said if text not in shown] == [], (language, path)
            addresses = {*links(page.structured_data)} - {CLINIC_ID}
            assert all(urlsplit(address).path.startswith(f"{prefix}/") for address in addresses), path
            if path == "/clinic/":
                assert page.node("MedicalClinic")["@id"] == CLINIC_ID
            if path in live:
                node = page.node("MedicalWebPage")
                assert node["inLanguage"] == language
                assert ("citation" in node) == (language == "en")


def links(value: Any) -> Iterator[str]:
    """The addresses of pages."""
    for key, part in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(part, dict | list):
            yield from links(part)
        elif key in ("@id", "url", "item"):
            yield part


def test_breadcrumbs_lead_from_the_overview_to_the_page() -> None:
    trail = nodes(a_document())["BreadcrumbList"]["itemListElement"]
    assert [(item["position"], item["name"], item["item"]) for item in trail] == [
        (1, "Home", "http://localhost:8000/"),
        (2, "All procedures", "http://localhost:8000/procedures/"),
        (3, "Lymph Vessel Repair", URL),
    ]


def test_overview_is_about_microsurgery() -> None:
    page = nodes(a_document(kind="overview", slug="", title="Microsurgery"))["MedicalWebPage"]
    assert (page["about"]["name"], page["url"]) == ("Microsurgery", "http://localhost:8000/")


@given(DOCUMENTS)
def test_json_ld_is_escaped_and_has_no_empty_values(document: PageDocument) -> None:
    written = str(json_ld(structured_data.page(document, a_clinic())))
    inside = re.fullmatch(r'<script type="application/ld\+json">([^<>&]*)</script>', written)
    assert inside
    assert json.loads(inside[1]) == structured_data.page(document, a_clinic())

    def no_empty(value: Any) -> None:
        assert value not in (None, "", [], {})
        for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            no_empty(part)

    no_empty({name: value for name, value in json.loads(inside[1]).items() if name == "@context"})


@pytest.mark.django_db
def test_title_cannot_close_the_script(client: Client) -> None:
    title = "</script><script>alert(1)</script> & <!--"
    published(a_procedure(title=title, menu_label="x"))
    response = client.get("/procedures/lymph-vessel-repair/")
    assert "alert(1)</script>" not in response.content.decode()
    page = read(response)
    assert page.node("MedicalWebPage")["name"] == title
    assert len(page.all("script")) == 1


@pytest.mark.django_db
def test_surgeons_are_physicians_of_the_clinic(client: Client) -> None:
    a_reviewer(specialty="Orthopedic surgery", languages="Urdu, English")
    Practitioner.objects.create(name="Not shown", is_active=False)
    Practitioner.objects.create(name="Dr. Sample", is_sample=True)
    physician = read(client.get("/surgeons/")).node("IndividualPhysician")
    assert physician["name"] == "Dr. Ayesha Khan"
    assert physician["identifier"] == {"@type": "PropertyValue", "propertyID": "PMDC", "value": "12345-P"}
    assert physician["practicesAt"] == {"@id": "http://localhost:8000/clinic/#clinic"}
    assert physician["medicalSpecialty"] == [
        "https://schema.org/Musculoskeletal",
        "https://schema.org/Surgical",
    ]
    assert physician["knowsLanguage"] == ["Urdu", "English"]


@pytest.mark.django_db
def test_list_of_procedures_is_an_item_list(client: Client) -> None:
    assert "ItemList" not in [node["@type"] for node in read(client.get("/procedures/")).structured_data]
    published(a_procedure())
    (item,) = read(client.get("/procedures/")).node("ItemList")["itemListElement"]
    assert item == {"@type": "ListItem", "position": 1, "name": "Lymph Vessel Repair", "url": URL}


# The clinic


@pytest.fixture
def clinic(db: None) -> ClinicProfile:
    clinic = a_clinic(
        phone="042 3576 1999",
        urgent_phone="042 3576 2000",
        email="desk@clinic.example",
        languages="Urdu, Punjabi",
        latitude="31.520400",
        longitude="74.358700",
        map_url="https://maps.example/x",
        license_number="R-12345",
        license_expires_on=date(2027, 6, 30),
    )
    clinic.save()
    return clinic


def test_clinic_has_recommended_properties(client: Client, clinic: ClinicProfile) -> None:
    OpeningHours.objects.create(weekday=0, opens=time(10), closes=time(14))
    OpeningHours.objects.create(weekday=4, opens=time(15, 30), closes=time(20))
    page = read(client.get("/clinic/"))
    node = page.node("MedicalClinic")
    hours = node.pop("openingHoursSpecification")
    assert [(day["dayOfWeek"], day["opens"], day["closes"]) for day in hours] == [
        ("Monday", "10:00", "14:00"),
        ("Friday", "15:30", "20:00"),
    ]
    certificate = node.pop("hasCertification")
    assert (certificate["certificationIdentification"], certificate["expires"]) == ("R-12345", "2027-06-30")
    wanted = {
        "@id": "http://localhost:8000/clinic/#clinic",
        "name": "A Clinic",
        "telephone": "+924235761999",
        "email": "desk@clinic.example",
        "address": {
            "@type": "PostalAddress",
            "streetAddress": "1 Mall Road",
            "addressLocality": "Lahore",
            "addressCountry": "PK",
        },
        "geo": {"@type": "GeoCoordinates", "latitude": 31.5204, "longitude": 74.3587},
        "medicalSpecialty": ["https://schema.org/PlasticSurgery", "https://schema.org/Surgical"],
        "contactPoint": [
            {
                "@type": "ContactPoint",
                "contactType": name,
                "telephone": number,
                "availableLanguage": ["Urdu", "Punjabi"],
            }
            for name, number in (
                ("customer service", "+924235761999"),
                ("Urgent number after an operation", "+924235762000"),
            )
        ],
    }
    assert {name: node.get(name) for name in wanted} == wanted
    assert node["image"].startswith("http://localhost:8000/static/components/share")
    assert "Urgent number after an operation" in page.main.text
    for number in ("+924235761999", "+924235762000"):
        assert page.main.all("a", href=f"tel:{number}")


def test_clinic_lists_confirmed_closures_only(client: Client, clinic: ClinicProfile) -> None:
    with time_machine.travel(datetime(2026, 5, 1, tzinfo=UTC)):
        for name, certainty in (("Eid ul-Adha", "expected"), ("Renovation", "confirmed")):
            Closure.objects.create(
                name=name, starts_on=date(2026, 5, 27), ends_on=date(2026, 5, 29), certainty=certainty
            )
        page = read(client.get("/clinic/"))
    (closed,) = page.node("MedicalClinic")["openingHoursSpecification"]
    assert (closed["validFrom"], closed["validThrough"]) == ("2026-05-27", "2026-05-29")
    assert closed["opens"] == closed["closes"] == "00:00"
    assert "Eid ul-Adha" in page.main.text


def test_clinic_offers_the_operations_in_its_menu(client: Client, clinic: ClinicProfile) -> None:
    for number in range(10):
        published(a_procedure(f"operation-{number}", position=number, menu_label=f"Operation {number}"))
    publishing.withdraw(Procedure.objects.get(slug="operation-3"), language="en")
    page = read(client.get("/clinic/"))
    offered = page.node("MedicalClinic")["availableService"]
    assert offered[0] == {
        "@type": "SurgicalProcedure",
        "name": "Operation 0",
        "url": "http://localhost:8000/procedures/operation-0/",
    }
    names = [service["name"] for service in offered]
    assert names == [f"Operation {number}" for number in (0, 1, 2, 4, 5, 6, 7, 8)]
    menu = [link.text for link in page.one("nav", id="menu").all("a")]
    assert set(names) <= set(menu)


def test_breadcrumbs_match_the_page(client: Client, clinic: ClinicProfile) -> None:
    published(a_procedure())
    for path in ("/clinic/", "/procedures/", "/procedures/lymph-vessel-repair/", "/surgeons/"):
        page = read(client.get(path))
        (crumbs,) = page.main.all("nav", class_="crumbs")
        trail = [item["name"] for item in page.node("BreadcrumbList")["itemListElement"]]
        assert trail[:-1] == [link.text for link in crumbs.all("a")], path
        assert trail[-1] in page.main.one("h1").text + page.main.one("nav", class_="crumbs").text, path


def test_clinic_without_details_makes_no_claims(client: Client, db: None) -> None:
    published(an_overview())
    assert read(client.get("/clinic/")).structured_data == []
    assert "publisher" not in read(client.get("/")).node("MedicalWebPage")
    ClinicProfile.objects.create(name="A Clinic")
    node = read(client.get("/clinic/")).node("MedicalClinic")
    assert set(node) == {"@type", "@id", "name", "url", "image", "medicalSpecialty"}
