"""No input to the staff pages of a page makes them fail."""

import pytest
from django.test import Client

from clinic_site.accounts.roles import EDITOR, MANAGER
from procedures.models import Procedure
from procedures.staff.part_forms import MAX_PARTS_PER_KIND
from tests.admin_forms import Sent, address, errors_in, with_parts
from tests.conftest import undone
from tests.factories import signed_in
from tests.procedures.staff.test_page_roles import routes

pytestmark = pytest.mark.django_db

STRANGE = ["\0", "🩺" * 50, "-1", "9" * 400, "<script>", "\ud800"]
# Fields that describe the form itself; staff type the others.
STRUCTURE = ("csrfmiddlewaretoken", "opened", "seen", "_FORMS", "-id", "-page", "-position")


@pytest.fixture
def clients(forms: dict[str, Sent]) -> dict[str, Client]:
    """Return the person who has each form open."""
    return {"change": signed_in(EDITOR), "publish": signed_in(MANAGER)}


def test_unknown_page_and_version_numbers_never_fail(
    procedure: Procedure, clients: dict[str, Client]
) -> None:
    base = "/staff/procedures/procedure/"
    for number in ("0", "2147483648", "99999999999999999999999"):
        of_versions = [route.replace("/1/", f"/{number}/") for route in routes() if "/1/" in route]
        urls = [f"{base}{number}/{route}" for route in routes()]
        urls += [
            f"{base}{procedure.pk}/{route}" for route in (*of_versions, f"versions/compare/?from={number}")
        ]
        for url in urls:
            for method in ("get", "post"):
                assert getattr(clients["publish"], method)(url).status_code < 500, (method, url)


def test_strange_text_in_every_field_is_answered(
    procedure: Procedure, clients: dict[str, Client], forms: dict[str, Sent]
) -> None:
    for view, client in clients.items():
        fields = [name for name in forms[view] if not name.endswith(STRUCTURE)]
        long = {fields[0]: "x" * 1_000_000}
        for typed in (long, *(dict.fromkeys(fields, text) for text in STRANGE)):
            sent = {name: text.encode("utf-8", "replace").decode() for name, text in typed.items()}
            with undone():
                response = client.post(address(procedure, view), forms[view] | sent)
            assert response.status_code in (200, 400), (view, ascii(typed)[:60])


@pytest.mark.slow
def test_strange_form_structure_is_answered(
    procedure: Procedure, clients: dict[str, Client], opened: Sent
) -> None:
    names = [
        ("risks-0-id", "carecards-0-page", "sections-0-position"),
        ("risks-TOTAL_FORMS", "carecards-INITIAL_FORMS"),
    ]
    for fields in names:
        assert set(fields) <= set(opened)
        for strange in ("\0", "-5", "9" * 400, "1.5"):
            with undone():
                response = clients["change"].post(address(procedure), opened | dict.fromkeys(fields, strange))
            assert response.status_code in (200, 302), (fields, strange)


@pytest.mark.slow
def test_missing_and_repeated_fields_are_answered(
    procedure: Procedure, clients: dict[str, Client], forms: dict[str, Sent]
) -> None:
    for view, client in clients.items():
        url, form = address(procedure, view), forms[view]
        for missing in ("TOTAL_FORMS", "INITIAL_FORMS", "-id", "e"):
            sent = {name: value for name, value in form.items() if not name.endswith(missing)}
            with undone():
                assert client.post(url, sent).status_code in (200, 302), (view, missing)
        assert client.post(url, {name: [value, "x"] for name, value in form.items()}).status_code == 200
        assert client.post(url, "{}", content_type="application/json").status_code in (200, 400)
        assert client.post(url, b"\xff\xfe\0", content_type="text/plain").status_code in (200, 400)


def test_strange_field_names_are_ignored(
    procedure: Procedure, clients: dict[str, Client], opened: Sent
) -> None:
    rows = ("999999999999-name", "9" * 900 + "-id", "-1-id", "٣-id", "00-id")
    response = clients["change"].post(address(procedure), opened | {f"risks-{row}": "x" for row in rows})
    assert response.status_code == 302
    assert procedure.risks.count() == 3


def test_too_many_rows_are_refused_in_words(
    procedure: Procedure, clients: dict[str, Client], opened: Sent
) -> None:
    row = {"name": "New", "body": "…", "frequency": "common"}
    sent = with_parts(opened, {"risks": [row] * MAX_PARTS_PER_KIND})
    response = clients["change"].post(address(procedure), sent)
    assert any("Please submit at most 100 forms." in error for error in errors_in(response))
    assert procedure.risks.count() == 3


def test_strange_list_queries_are_answered(clients: dict[str, Client]) -> None:
    queries = ["?q=%00", "?archived=%00", "?p=x", "?o=9.9.9", "?archived=no", "?q=" + "x" * 5000]
    for query in queries:
        response = clients["change"].get(f"/staff/procedures/procedure/{query}")
        assert response.status_code in (200, 302), query
