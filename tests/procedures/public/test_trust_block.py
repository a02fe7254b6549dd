"""Every clinical page ends with its author, review and sources, and says when its review is overdue."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic_site.clinic.models import ClinicProfile
from procedures.models import Emergency
from tests.conftest import shared_world
from tests.factories import a_procedure, a_source, an_overview, published
from tests.pages import Element, Page, read

pytestmark = pytest.mark.django_db

LATE = "A clinician should have checked this page again by 1 March 2027."


def trust(page: Page) -> Element:
    return page.main.one("section", id="about-this-page")


def rows(page: Page) -> dict[str, str]:
    return {row.one("dt").text: row.one("dd").text for row in trust(page).one("dl").all("div")}


@pytest.fixture(scope="module")
def pages(django_db_setup: None, django_db_blocker: Any) -> Iterator[tuple[str, str]]:
    """Both kinds of page, each in its second version, reviewed in March 2026 and due in March 2027."""
    with shared_world(django_db_blocker):
        with django_db_blocker.unblock(), time_machine.travel("2026-03-02 12:00:00+00:00", tick=False):
            ClinicProfile.objects.create(name="The Clinic", funding_statement="The clinic pays.")
            for page in (
                an_overview(author="Our writers"),
                a_procedure("nerve-repair", author="Our writers"),
            ):
                for note in ("Written.", "A risk was added."):
                    published(
                        page, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1), change_note=note
                    )
        yield "/", "/procedures/nerve-repair/"


@time_machine.travel("2027-02-28 12:00:00+00:00")
def test_trust_block_shows_author_review_version_funding_and_sources(
    client: Client, pages: tuple[str, str]
) -> None:
    for address in pages:
        page = read(client.get(address))
        shown = rows(page)
        assert shown["Written by"] == "Our writers"
        assert shown["Reviewed by"] == "Dr. Ayesha Khan, Plastic Surgery PMDC registration 12345-P"
        assert shown["Last reviewed"] == "1 March 2026"
        assert shown["Next review"] == "1 March 2027"
        assert shown["Version"] == "2, 2 March 2026 A risk was added."
        assert shown["First published"] == "2 March 2026"
        assert shown["Who pays for this site"] == "The clinic pays."
        (source,) = trust(page).all("li", id="source-1")
        assert source.text == "Lymph surgery. A hospital, 2020."


@time_machine.travel("2027-02-28 12:00:00+00:00")
def test_trust_block_says_when_a_source_without_a_year_was_read(
    client: Client, pages: tuple[str, str]
) -> None:
    procedure = a_procedure("tendon-transfer")
    sheet = a_source(
        "sheet", title="A sheet", publisher="A surgeon", year=None, accessed_on=date(2026, 11, 29)
    )
    procedure.keyfacts.create(label="Stay", value="1 night", source=sheet)
    procedure.keyfacts.create(label="Length", value="2 hours", source=procedure.citations.get().source)
    published(procedure, reviewed_on=date(2027, 2, 1), review_due_on=date(2028, 2, 1))

    sources = trust(read(client.get("/procedures/tendon-transfer/"))).one("ol", class_="sources")

    assert [source.text for source in sources.children if not isinstance(source, str)] == [
        "Lymph surgery. A hospital, 2020.",
        "A sheet. A surgeon, read on 29 November 2026.",
    ]


def test_page_is_overdue_from_midnight_in_lahore_and_says_so_twice(
    client: Client, pages: tuple[str, str]
) -> None:
    for address in pages:
        with time_machine.travel("2027-03-01 18:59:00+00:00", tick=False) as clock:
            assert LATE not in read(client.get(address)).main.text
            clock.move_to("2027-03-01 19:00:00+00:00")
            page = read(client.get(address))
            assert LATE in trust(page).text
            assert page.main.text.count(LATE) == 2
            (link,) = page.main.all("a", href="#about-this-page")
            assert link.text == "Who checked it, and when"


@time_machine.travel("2027-03-02 12:00:00+00:00")
def test_overdue_notice_comes_after_first_aid(client: Client, pages: tuple[str, str]) -> None:
    procedure = a_procedure("replantation", urgency="emergency")
    procedure.sections.create(kind="emergency", heading="Do this first", position=0)
    procedure.sections.filter(kind="why").update(position=1)
    with time_machine.travel("2026-03-02 12:00:00+00:00"):
        published(procedure, reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))

    text = read(client.get("/procedures/replantation/")).main.text

    assert text.index("Do this first") < text.index("A clinician should have checked")


@time_machine.travel("2027-03-02 12:00:00+00:00")
def test_procedure_says_when_the_review_of_its_first_aid_is_overdue(
    client: Client, pages: tuple[str, str]
) -> None:
    procedure = a_procedure("replantation", urgency="emergency")
    procedure.sections.create(kind="emergency", heading="Do this first", position=0)
    with time_machine.travel("2026-03-02 12:00:00+00:00"):
        published(Emergency.objects.get(), reviewed_on=date(2026, 3, 1), review_due_on=date(2027, 3, 1))
        published(procedure)

    main = read(client.get("/procedures/replantation/")).main

    assert "A clinician should have checked these first aid steps again by 1 March 2027." in main.text
    assert LATE not in main.text, "its own review is not due yet"
    assert main.one("a", href="/emergency/#about-this-page").text == "Who checked them, and when"
