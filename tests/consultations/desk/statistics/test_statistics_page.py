"""The statistics page and its CSV file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from clinic_site.accounts.roles import MANAGER
from clinic_site.clinic.models import OpeningHours
from consultations.models import ConsultationRequest, Disclosure
from consultations.workflow import Status
from tests.factories import a_request, staff
from tests.pages import Element, read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGE, FILE = "/staff/statistics/", "/staff/statistics.csv"


@pytest.fixture
def manager(client: Client) -> Any:
    for weekday in range(7):
        OpeningHours.objects.create(weekday=weekday, opens="09:00", closes="17:00")
    with time_machine.travel(NOW, tick=False):
        client.force_login(staff(MANAGER))
        yield client


def answered(count: int, at: datetime = NOW - DAY, **fields: Any) -> None:
    """Create ``count`` requests, answered after one, two, three … hours."""
    for number in range(1, count + 1):
        request = a_request(created_at=at)
        ConsultationRequest.objects.filter(pk=request.pk).update(
            first_contact_at=at + number * HOUR / 2, **fields
        )


def rows(page: Any, name: str) -> dict[str, list[str]]:
    """A table of the page, by the names of its rows."""
    table = page.one("table", aria_labelledby=name)
    cells = [[cell.text for cell in row.all("th") + row.all("td")] for row in table.all("tr")[1:]]
    return {first: [cell for cell in rest if cell] for first, *rest in cells}


def shown(client: Client, **query: str) -> Any:
    return read(client.get(PAGE, query))


def file_rows(response: Any) -> list[list[str]]:
    text = response.content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


def test_statistics_urls() -> None:
    assert (reverse("desk:statistics"), reverse("desk:statistics_csv")) == (PAGE, FILE)


def test_first_contact_table(manager: Client) -> None:
    answered(10)  # from 2 pm on, the day before: three hours are left of it
    table = rows(shown(manager), "first-contact")
    assert table == {
        "Requests sent": ["10"],
        "Had a first contact": ["10 (100%)"],
        "Half of all had it within, in clinic hours (median)": ["2.5"],
        "Nine of ten had it within, in clinic hours (90th percentile)": ["3.0"],
    }


def test_no_median_for_fewer_than_five(manager: Client) -> None:
    answered(4)
    assert rows(shown(manager), "first-contact")["Half of all had it within, in clinic hours (median)"] == [
        "fewer than 5"
    ]
    a_request(created_at=NOW)
    table = rows(shown(manager), "first-contact")
    assert table["Half of all had it within, in clinic hours (median)"] == ["1.5"]
    assert table["Nine of ten had it within, in clinic hours (90th percentile)"] == ["not yet"]


def test_promise_and_outcome_tables(manager: Client) -> None:
    answered(2, promised_by=NOW - DAY + HOUR / 2, status=Status.COMPLETED)
    answered(1, status=Status.DECLINED)
    a_request(status=Status.QUARANTINED)
    page = shown(manager)
    assert rows(page, "promise") == {
        "Answered in time": ["1 (50%)"],
        "Answered late, or overdue": ["1 (50%)"],
        "Not due yet": ["0"],
        "Closed before the promised time": ["0"],
        "Nothing was promised": ["1"],
    }
    outcomes = rows(page, "outcomes")
    assert (outcomes["Completed"], outcomes["Declined"]) == (["2", "66%"], ["1", "33%"])
    assert outcomes["Still open"] == ["0", "–"]


def test_chart_and_table_agree(manager: Client) -> None:
    answered(3, at=NOW - 8 * DAY)
    answered(1)
    page = shown(manager, days="30")
    weeks = rows(page, "weeks")
    assert list(weeks.values()) == [["0"], ["0"], ["0"], ["3"], ["1"]]
    drawing = page.all("svg", class_="chart__drawing")[0]
    heights = [float(bar["height"]) for bar in drawing.all("rect")]
    assert heights == [0, 0, 0, 120, 40]  # of 200 for 5
    assert [drawing.all(name)[0].text for name in ("title", "desc")] == [
        "Requests a week",
        "A bar for each week. The least is 0, the most 3.",
    ]


def test_every_table_is_explained(manager: Client) -> None:
    page = shown(manager)
    tables = page.all("table")
    assert len(tables) == 10
    for table in tables:
        meaning = page.one("p", id=f"{table['aria-labelledby']}-meaning").text
        assert meaning.count(".") >= 2, meaning


def test_csv_has_tables_of_page(manager: Client) -> None:
    answered(6)
    response = manager.get(FILE, {"days": "90"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="statistics-2025-12-05-2026-03-04.csv"'
    assert response.content.startswith("\ufeff".encode())
    assert response.content == manager.get(PAGE, {"days": "90", "format": "csv"}).content
    in_file = file_rows(response)
    page = shown(manager, days="90")
    for table in page.all("table"):
        for row in table.all("tr")[1:]:
            assert [cell.text for cell in row.all("th") + row.all("td") if cell.text] in in_file


def test_csv_has_no_formulas_or_names(manager: Client) -> None:
    answered(1, source_page='=HYPERLINK("https://evil.example")')
    answered(1, about="procedure", procedure_name="+cmd|' /C calc'!A1")
    response = manager.get(FILE)
    cells = [cell for row in file_rows(response) for cell in row]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert """'=HYPERLINK("https://evil.example")""" in cells
    for content in (response.content.decode(), manager.get(PAGE).content.decode()):
        assert not any(personal in content for personal in ("Ayesha", "2345678", "MS-"))
    assert not Disclosure.objects.exists()


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"days": "31"}, "Choose the last 30, 90 or 365 days."),
        ({"days": "\x00"}, "Choose the last 30, 90 or 365 days."),
        ({"first": "soon", "last": "2026-03-01"}, "Enter the first day, like 2026-11-01."),
        ({"first": "2026-03-01\x00", "last": "🩸" * 5000}, "Enter the first day, like 2026-11-01."),
        ({"first": "۲۰۲۶-۰۳-۰۱", "last": "2026-03-04"}, "Enter the first day, like 2026-11-01."),
        ({"first": "2026-03-01"}, "Enter the last day, like 2026-11-30."),
        ({"last": "2026-03-01"}, "Enter the first day, like 2026-11-01."),
        ({"first": "2026-03-02", "last": "2026-03-01"}, "The last day cannot be before the first."),
        ({"first": "2026-03-02", "last": "2026-03-05"}, "Choose a last day that is not after today."),
        ({"first": "0001-01-01", "last": "0001-01-02"}, "Choose a first day after 1999."),
        ({"first": "2026-03-01", "last": "9999-12-31"}, "Choose a last day that is not after today."),
        ({"first": "2024-03-03", "last": "2026-03-04"}, "Choose two years at most."),
    ],
)
@pytest.mark.parametrize("address", [PAGE, FILE])
def test_invalid_period_shows_error(
    manager: Client, address: str, query: dict[str, str], sentence: str
) -> None:
    response = manager.get(address, query)
    assert response.status_code == 200
    page = read(response)
    assert sentence in [error.text for error in page.all("li")]
    assert page.one("title").text.startswith("Error")
    assert not page.all("table")


@pytest.mark.parametrize(
    "query",
    [
        {"first": "2024-03-04", "last": "2026-03-04"},
        {"first": "2026-03-04", "last": "2026-03-04"},
        {"first": "2000-01-01", "last": "2000-01-02"},
        {"days": "", "first": "", "last": ""},
        {"days": ["90", "365"], "format": "exe"},
    ],
)
def test_valid_periods_are_shown(manager: Client, query: Any) -> None:
    page = shown(manager, **query)
    assert len(page.all("table")) == 10
    assert not page.all("p", class_="errornote")


def test_current_period_is_marked(manager: Client) -> None:
    page = shown(manager, days="90")
    assert [link.text for link in page.all("a", aria_current="page")] == ["Last 90 days"]
    assert page.one("input", name="first")["value"] == "2025-12-05"
    assert page.one("input", name="last")["value"] == "2026-03-04"
    named = shown(manager, first="2026-01-01", last="2026-01-31")
    assert not named.all("a", aria_current="page")
    assert named.one("h1").text == "Statistics: 1 January 2026 – 31 January 2026"


def test_statistics_queries_do_not_grow(manager: Client) -> None:
    counts = []
    for number in (2, 12):
        answered(number, promised_by=NOW)
        with CaptureQueriesContext(connection) as queries:
            manager.get(PAGE)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 15


def test_staff_index_links_to_statistics(manager: Client) -> None:
    links: list[Element] = read(manager.get(reverse("admin:index"))).all("a", href=PAGE)
    assert [link.text for link in links] == ["Statistics"]
