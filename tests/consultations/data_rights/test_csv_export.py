"""CSV export: batches, audit log, escaped formulas and the form."""

import csv
import gc
import io
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from clinic_site.accounts.models import User
from consultations.data_rights import csv_export, erasure
from consultations.data_rights.csv_export import COLUMNS
from consultations.models import ConsultationRequest, Disclosure
from consultations.models.answers import PERSONAL
from tests.factories import a_request
from tests.pages import read

pytestmark = pytest.mark.django_db

ALL = [column.name for column in COLUMNS]
ASKED = {"first": "2020-01-01", "last": "2090-12-31", "columns": ALL, "reason": "report"}


def exported(client: Client, **changes: Any) -> list[dict[str, str]]:
    answer = client.post("/staff/export/", ASKED | changes)
    assert answer.status_code == 200 and answer.streaming
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith('attachment; filename="requests-')
    assert "no-store" in answer["Cache-Control"]
    content = b"".join(answer)
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_export_writes_audit_log_with_reason_and_excludes_erased_requests(
    client: Client, manager: User
) -> None:
    erased = a_request()
    erasure.erase(erased, actor=manager, reason="asked_by_phone")
    requests = [a_request(), a_request(patient_name="علی خان", message='He said "now",\nthen left.')]
    rows = exported(client)
    assert [row["Reference"] for row in rows] == [request.reference for request in requests]
    assert rows[1]["Patient’s name"] == "علی خان"
    assert rows[1]["In their own words"] == 'He said "now",\nthen left.'
    seen = list(Disclosure.objects.order_by("request_id").values_list("request", "kind", "actor", "reason"))
    assert seen == [(one.pk, "exported", manager.pk, "report") for one in requests]


def test_only_formulas_get_apostrophe(client: Client, manager: User) -> None:
    for start in ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", " =", "  @"):
        assert csv_export.as_cell(f'{start}HYPERLINK("x")') == f'\'{start}HYPERLINK("x")'
    for text in ("Ayesha Khan", "علی", "2026-11-22 10:00", "", " plain", "a=b", "0"):
        assert csv_export.as_cell(text) == text
    assert csv_export.as_cell(None) == ""
    ConsultationRequest.objects.filter(pk=a_request().pk).update(
        patient_name="=cmd|' /C calc'!A0",
        city="@SUM(1)",
        message="-1+1",
        source_page="\t=1",
        speaks_other="+1",
    )
    (row,) = exported(client)
    assert row["Phone"] == "0301 2345678"
    assert row["Patient’s name"] == "'=cmd|' /C calc'!A0"
    assert all(not cell.lstrip(" ").startswith(csv_export.FORMULA_PREFIXES) for cell in row.values())


def test_export_has_chosen_columns_and_days(client: Client, manager: User) -> None:
    # 0:30 in Lahore on the 2nd is the 1st in UTC.
    night = a_request(created_at=datetime(2026, 3, 1, 19, 30, tzinfo=UTC))
    evening = a_request(created_at=datetime(2026, 3, 2, 18, 59, tzinfo=UTC))
    a_request(created_at=datetime(2026, 3, 2, 19, 0, tzinfo=UTC))
    a_request(created_at=datetime(2026, 3, 1, 18, 59, tzinfo=UTC))
    rows = exported(client, first="2026-03-02", last="2026-03-02", columns=["sent", "reference"])
    assert rows == [
        {"Reference": night.reference, "Sent at": "2026-03-02 00:30"},
        {"Reference": evening.reference, "Sent at": "2026-03-02 23:59"},
    ]
    assert len(exported(client, first="0001-01-01", last="9999-12-31")) == 4
    assert exported(client, first="0001-01-01", last="0001-01-01") == []


def test_export_with_numbers_says_where_not_to_name_clinic(client: Client, manager: User) -> None:
    a_request(may_identify_clinic="no"), a_request(may_identify_clinic="yes")
    with_number = exported(client, columns=["reference", "phone"])
    assert [row["Do not say who is calling"] for row in with_number] == ["Do not say", ""]
    assert list(with_number[0]).index("Do not say who is calling") == 1
    assert list(exported(client, columns=["reference", "email"])[0]) == ["Reference", "Email"]
    assert list(exported(client, columns=["may_identify_clinic"])[0]) == ["Do not say who is calling"]


def test_export_page_explains_and_selects_no_personal_columns(client: Client, manager: User) -> None:
    page = read(client.get("/staff/export/"))
    assert "Every file with a phone number" in page.one("main").text
    assert "apostrophe" in page.one("main").text
    chosen = {box["value"] for box in page.all("input", type="checkbox") if "checked" in box.attributes}
    assert {"patient_name", "phone", "email", "message", "may_identify_clinic"} <= set(PERSONAL)
    assert "reference" in chosen and not chosen & set(PERSONAL)


def test_invalid_export_form_exports_nothing(client: Client, manager: User) -> None:
    a_request()
    cases: list[tuple[dict[str, Any], str]] = [
        ({"reason": ""}, "Choose what the export is for."),
        ({"reason": "asked_by_phone"}, "Choose what the export is for."),
        ({"columns": []}, "Choose at least one column."),
        ({"columns": ["key_hash"]}, "Choose at least one column."),
        ({"first": "soon"}, "Enter the first day"),
        ({"last": ""}, "Enter the last day"),
        ({"first": "2026-02-30"}, "Enter the first day"),
        ({"first": "2026-03-02", "last": "2026-03-01"}, "cannot be before the first"),
        ({"first": "\x00", "last": "9" * 5000}, "Enter the last day"),
    ]
    for changes, says in cases:
        answer = client.post("/staff/export/", ASKED | changes)
        assert answer.status_code == 200 and not answer.streaming, changes
        assert says in read(answer).one("main").text, changes
    assert not Disclosure.objects.exists()


def pieces_of(count: int, by: User, columns: list[str]) -> Iterator[bytes]:
    """The pieces of an export of copies of one request, three to each moment. The heading is read."""
    one = ConsultationRequest.objects.get(pk=a_request().pk)
    onset = one.created_at
    rows = []
    for number in range(1, count):
        one.pk, one.reference, one.key_hash = None, f"MS-{number:08d}"[:12], f"{number:064d}"
        one.created_at = onset + timedelta(seconds=number // 3)
        rows.append(ConsultationRequest(**{f.attname: getattr(one, f.attname) for f in one._meta.fields}))
    ConsultationRequest.objects.bulk_create(rows, batch_size=500)
    pieces = csv_export.export(date(2020, 1, 1), date(2090, 1, 1), columns, actor=by, reason="report")
    next(pieces)
    return pieces


@pytest.mark.django_db(transaction=True)
def test_export_batches_are_complete_and_logged_before_they_are_sent(
    monkeypatch: pytest.MonkeyPatch, manager: User
) -> None:
    monkeypatch.setattr(csv_export, "BATCH_SIZE", 4)
    found: list[str] = []
    for piece in pieces_of(13, manager, ["reference"]):
        found += piece.decode().split()
        assert not connection.in_atomic_block
        # An export that is aborted here is in the log, and nothing that was not sent.
        assert Disclosure.objects.count() == len(found)
    assert len(found) == len(set(found)) == 13


def test_export_memory_does_not_grow(monkeypatch: pytest.MonkeyPatch, manager: User) -> None:
    monkeypatch.setattr(csv_export, "BATCH_SIZE", 20)
    pieces = pieces_of(200, manager, ALL)
    held = []
    tracemalloc.start()
    for number, _piece in enumerate(pieces):
        if number in (3, 9):
            gc.collect()
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] < held[0] + 100_000, "120 rows are 400 kilobytes"
