"""The statistics page and its CSV file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from consultations.models import ConsultationRequest, Disclosure
from consultations.workflow import Status
from tests.consultations.desk.schedule.calendar_helpers import open_every_day
from tests.factories import a_request, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 4, 9, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PAGE = "/staff/statistics/"


@pytest.fixture
def manager(client: Client) -> Any:
    open_every_day()
    with time_machine.travel(NOW, tick=False):
        client.force_login(staff(MANAGER))
        yield client


def answered(count: int, at: datetime = NOW - DAY, **fields: Any) -> None:
    """Create ``count`` requests, answered after half an hour, one hour, one and a half …"""
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


def shown(client: Client, **query: Any) -> Any:
    return read(client.get(PAGE, query))


def test_first_contact_table_has_no_median_for_fewer_than_five(manager: Client) -> None:
    median = "Half of all had it within, in clinic hours (median)"
    ninetieth = "Nine of ten had it within, in clinic hours (90th percentile)"
    answered(4)
    page = shown(manager)
    assert rows(page, "first-contact")[median] == ["fewer than 5"]
    assert "There is no week with enough requests to draw a line." in page.one("main").text
    a_request(created_at=NOW)
    table = rows(shown(manager), "first-contact")
    assert (table[median], table[ninetieth]) == (["1.5"], ["not yet"])
    ConsultationRequest.objects.all().update(created_at=NOW - 90 * DAY)
    answered(10)  # from 2 pm on, the day before: three hours are left of it
    assert rows(shown(manager), "first-contact") == {
        "Requests sent": ["10"],
        "Had a first contact": ["10 (100%)"],
        median: ["2.5"],
        ninetieth: ["3.0"],
    }


def test_outcomes_are_drawn_as_bars(manager: Client) -> None:
    answered(2, status=Status.COMPLETED)
    answered(1, status=Status.DECLINED)
    page = shown(manager)
    outcomes = rows(page, "outcomes")
    assert (outcomes["Completed"], outcomes["Declined"]) == (["2", "66%"], ["1", "33%"])
    assert outcomes["Still open"] == ["0", "–"]
    shares = [bar["width"] for bar in page.one("table", aria_labelledby="outcomes").all("rect")]
    assert sorted(shares) == ["0%", "0%", "0%", "33%", "66%"]


def test_charts_and_tables_agree(manager: Client) -> None:
    answered(5, at=NOW - 8 * DAY)
    answered(1)
    page = shown(manager, days="30")
    assert list(rows(page, "weeks").values()) == [["0"], ["0"], ["0"], ["5"], ["1"]]
    assert [cells[0] for cells in rows(page, "hours").values()] == ["–", "–", "–", "1.5", "fewer than 5"]
    requests, hours = page.all("svg", class_="chart__drawing")
    assert requests["viewbox"] == "0 -5 5 5"
    assert [(bar["y"], bar["height"]) for bar in requests.all("rect")][2:] == [
        ("-0", "0"),
        ("-5", "5"),
        ("-1", "1"),
    ]
    assert [path["d"] for path in hours.all("path")][1:] == ["M3.5 -1.50", "M3.5 -1.50h0"]
    descriptions = [[chart.all(name)[0].text for name in ("title", "desc")] for chart in (requests, hours)]
    assert descriptions == [
        ["Requests a week", "A bar for each week. The least is 0, the most 5."],
        [
            "Time to first contact, week by week",
            "A line of each week’s median. The least is 1.5 hours, the most 1.5.",
        ],
    ]


def test_csv_has_tables_of_page_without_formulas_or_names(manager: Client) -> None:
    answered(1, source_page='=HYPERLINK("https://evil.example")')
    answered(5, about="procedure", procedure_name="+cmd|' /C calc'!A1")
    page = manager.get(PAGE, {"days": "90"})
    response = manager.get(PAGE, {"days": "90", "format": "csv"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"] == 'attachment; filename="statistics-2025-12-05-2026-03-04.csv"'
    assert response.content.startswith("\ufeff".encode())
    in_file = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert in_file[0] == ["Requests sent from", "2025-12-05", "to", "2026-03-04"]
    assert ["Time to first contact"] in in_file and ["Outcome", "Requests", "Share"] in in_file
    for table in read(page).all("table"):
        for row in table.all("tr"):
            cells = [cell.text for cell in row.all("th") + row.all("td") if cell.text]
            assert [f"'{cell}" if cell[0] in "=+" else cell for cell in cells] in in_file
    assert not [cell for row in in_file for cell in row if cell.startswith(("=", "+", "-", "@"))]
    for content in (response.content.decode(), page.content.decode()):
        assert not any(personal in content for personal in ("Ayesha", "2345678", "MS-"))
    assert not Disclosure.objects.exists()


INVALID = [
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
]


def test_invalid_period_shows_error(manager: Client) -> None:
    for query, sentence in INVALID:
        for wanted in ({}, {"format": "csv"}):
            response = manager.get(PAGE, query | wanted)
            assert response.status_code == 200
            page = read(response)
            assert sentence in [error.text for error in page.all("li")], query
            assert page.one("title").text.startswith("Error")
            assert not page.all("table")


def test_valid_periods_are_shown_and_explained(manager: Client) -> None:
    for query, first, last, marked in (
        ({"first": "2024-03-04", "last": "2026-03-04"}, "2024-03-04", "2026-03-04", []),
        ({"first": "2026-03-04", "last": "2026-03-04"}, "2026-03-04", "2026-03-04", []),
        ({"first": "2000-01-01", "last": "2000-01-02"}, "2000-01-01", "2000-01-02", []),
        ({"days": "", "first": "", "last": ""}, "2026-02-03", "2026-03-04", ["Last 30 days"]),
        ({"days": ["365", "90"], "format": "exe"}, "2025-12-05", "2026-03-04", ["Last 90 days"]),
    ):
        page = shown(manager, **query)  # type: ignore[arg-type]
        tables = page.all("table")
        assert len(tables) == 10, query
        assert not page.all("p", class_="errornote")
        assert (page.one("input", name="first")["value"], page.one("input", name="last")["value"]) == (
            first,
            last,
        )
        assert [link.text for link in page.main.all("a", aria_current="page")] == marked
    for table in tables:
        meaning = page.one("p", id=f"{table['aria-labelledby']}-meaning").text
        assert meaning.count(".") >= 2, meaning
    assert page.one("h1").text == "Statistics: Fri 5 Dec 2025 – Wed 4 Mar 2026"
