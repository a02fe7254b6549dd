"""Every clinical page ends with its author, review and sources, and says when its review is overdue."""

from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Publication
from tests.factories import a_procedure, a_source, an_overview, published, staff
from tests.pages import Element, Page, read

pytestmark = pytest.mark.django_db

LATE = "A clinician should have checked this page again by 1 March 2027."


def trust(page: Page) -> Element:
    return page.main.one("section", id="about-this-page")


def rows(page: Page) -> dict[str, str]:
    return {row.one("dt").text: row.one("dd").text for row in trust(page).one("dl").all("div")}


@pytest.fixture(params=["/", "/procedures/nerve-repair/"])
def address(request: pytest.FixtureRequest, db: None) -> Any:
    """Both kinds of page, each in its second version, reviewed in March 2026 and due in March 2027."""
    ClinicProfile.objects.create(name="The Clinic", funding_statement="The clinic pays for this site.")
    with time_machine.travel("2026-03-02 12:00:00+00:00", tick=False):
        for page in (
            an_overview(author="The clinic’s writers"),
            a_procedure("nerve-repair", author="The clinic’s writers"),
        ):
            for note in ("Written.", "A risk was added."):
                published(
                    page, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1), change_note=note
                )
    return request.param


@time_machine.travel("2027-02-28 12:00:00+00:00")
def test_trust_block_shows_author_review_version_and_funding(client: Client, address: str) -> None:
    shown = rows(read(client.get(address)))

    assert shown["Written by"] == "The clinic’s writers"
    assert shown["Reviewed by"] == "Dr. Ayesha Khan, Plastic Surgery PMDC registration 12345-P"
    assert shown["Last reviewed"] == "1 March 2026"
    assert shown["Next review"] == "1 March 2027"
    assert shown["Version"] == "2, 2 March 2026 A risk was added."
    assert shown["First published"] == "2 March 2026"
    assert shown["Who pays for this site"] == "The clinic pays for this site."


@time_machine.travel("2027-02-28 12:00:00+00:00")
def test_trust_block_shows_what_each_source_supports(client: Client, address: str) -> None:
    (source,) = trust(read(client.get(address))).all("li", id="source-1")

    assert source.text == "Lymph surgery. A hospital, 2020. Fluid drains better."


@time_machine.travel("2027-02-28 12:00:00+00:00")
def test_trust_block_shows_the_key_fact_of_its_only_source(client: Client) -> None:
    procedure = a_procedure("nerve-repair")
    sheet = a_source("sheet", title="A sheet", publisher="A surgeon", year=None)
    procedure.keyfacts.create(label="Stay", value="1 night", source=sheet)
    procedure.keyfacts.create(label="Length", value="2 hours", source=procedure.citations.get().source)
    published(procedure, reviewed_on=date(2027, 2, 1), review_due_on=date(2028, 2, 1))

    sources = trust(read(client.get("/procedures/nerve-repair/"))).one("ol", class_="sources")

    assert [source.text for source in sources.children if not isinstance(source, str)] == [
        "Lymph surgery. A hospital, 2020. Fluid drains better.",
        "A sheet. A surgeon. Stay: 1 night",
    ]


def test_trust_block_of_samples_shows_what_each_source_supports(client: Client, sample_site: None) -> None:
    for publication in Publication.objects.live():
        block = trust(read(client.get(publication.get_absolute_url())))
        (sources,) = block.all("ol", class_="sources")
        for source in sources.all("li"):
            if source.get("id"):
                assert source.all("ul") and source.one("ul").text, source.text


@time_machine.travel("2027-03-01 12:00:00+00:00")
def test_page_is_not_overdue_on_the_day_its_review_is_due(client: Client, address: str) -> None:
    assert LATE not in read(client.get(address)).main.text


@time_machine.travel("2027-03-02 12:00:00+00:00")
def test_overdue_page_says_so_at_its_beginning_and_end(client: Client, address: str) -> None:
    page = read(client.get(address))

    assert LATE in trust(page).text
    assert page.main.text.count(LATE) == 2
    (link,) = page.main.all("a", href="#about-this-page")
    assert link.text == "Who checked it, and when"


def test_page_becomes_overdue_at_midnight_in_lahore(client: Client, address: str) -> None:
    with time_machine.travel("2027-03-01 18:59:00+00:00", tick=False) as clock:
        assert LATE not in read(client.get(address)).main.text
        clock.move_to("2027-03-01 19:00:00+00:00")
        assert LATE in read(client.get(address)).main.text


@time_machine.travel("2027-03-02 12:00:00+00:00")
def test_overdue_notice_comes_after_first_aid(client: Client) -> None:
    procedure = a_procedure("replantation", urgency="emergency")
    procedure.sections.create(kind="emergency", heading="Do this first", position=0)
    procedure.sections.filter(kind="why").update(position=1)
    with time_machine.travel("2026-03-02 12:00:00+00:00"):
        published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))

    text = read(client.get("/procedures/replantation/")).main.text

    assert text.index("Do this first") < text.index("A clinician should have checked")


def test_trust_block_of_a_sample_says_not_reviewed(client: Client, sample_site: None) -> None:
    shown = rows(read(client.get("/procedures/replantation/")))

    assert shown["Clinical review"] == "Not yet reviewed: sample content"
    assert "Reviewed by" not in shown and "Next review" not in shown


@pytest.mark.parametrize("clinic", [None, {"name": "The Clinic"}], ids=["no clinic", "a clinic"])
def test_publish_page_asks_for_the_funding_statement(
    client: Client, db: None, clinic: dict[str, str] | None
) -> None:
    if clinic:
        ClinicProfile.objects.create(**clinic)
    url = f"/staff/procedures/procedure/{a_procedure().pk}/publish/"
    client.force_login(staff("Manager"))
    (link,) = (link for link in read(client.get(url)).all("a") if "Write who pays" in link.text)
    path, _hash, field = link["href"].partition("#")
    assert read(client.get(path)).all("input", id=field)
    client.force_login(staff("Clinical reviewer"))
    assert "A manager can fill it in under “Clinic”." in read(client.get(url)).text
    ClinicProfile.objects.update_or_create(pk=1, defaults={"funding_statement": "The clinic pays for it."})
    assert "who pays" not in read(client.get(url)).text
