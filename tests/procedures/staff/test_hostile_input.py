"""No input to the staff pages of a page makes them fail."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.roles import MANAGER
from procedures.models import Procedure
from procedures.staff.page_forms import MAX_PARTS_PER_KIND
from tests.admin_forms import Sent, address, errors_in, form_of, with_parts
from tests.conftest import shared_world, undone
from tests.factories import a_procedure, published, shared_texts, signed_in
from tests.procedures.staff.test_page_roles import ROUTES

pytestmark = pytest.mark.django_db

VIEWS = ["change", "publish", "preview_link"]
STRANGE = ["\0", "🩺" * 50, "x" * 1_000_000, "-1", "9" * 400, "1e9", "None", "<script>", "\ud800", "١٢"]
# Fields that describe the form itself; staff type the others.
STRUCTURE = ("csrfmiddlewaretoken", "opened", "seen", "_FORMS", "-id", "-page", "-position")


@pytest.fixture(scope="module")
def forms(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Sent]]:
    """What each untouched form of one procedure sends."""
    with shared_world(django_db_blocker):
        with django_db_blocker.unblock():
            shared_texts()
            procedure = a_procedure()
            published(procedure)
            procedure.risks.update(body="A draft.")
            with undone():
                manager = signed_in(MANAGER)
                forms = {view: form_of(manager, address(procedure, view)) for view in VIEWS}
        yield forms


@pytest.fixture
def procedure(forms: dict[str, Sent]) -> Procedure:
    return Procedure.objects.get()


@pytest.fixture
def manager(forms: dict[str, Sent]) -> Client:
    return signed_in(MANAGER)


def test_unknown_page_and_version_numbers_never_fail(procedure: Procedure, manager: Client) -> None:
    base = "/staff/procedures/procedure/"
    for number in ["0", "99999999999999999999999", "2147483648", "9223372036854775808"]:
        for route in ROUTES:
            of_version = route.replace("/1/", f"/{number}/").replace("=1", f"={number}")
            for url in (f"{base}{number}/{route}", f"{base}{procedure.pk}/{of_version}"):
                for method in ("get", "post"):
                    assert getattr(manager, method)(url).status_code < 500, (method, url)


@pytest.mark.parametrize("view", VIEWS)
def test_strange_text_in_every_field_is_answered(
    procedure: Procedure, manager: Client, forms: dict[str, Sent], view: str
) -> None:
    fields = [name for name in forms[view] if not name.endswith(STRUCTURE)]
    for text in STRANGE:
        strange = text.encode("utf-8", "replace").decode()
        typed = fields if len(strange) < 10_000 else fields[:1]
        with undone():
            response = manager.post(address(procedure, view), forms[view] | dict.fromkeys(typed, strange))
        assert response.status_code in (200, 400), ascii(text)[:12]


@pytest.mark.slow
def test_strange_form_structure_is_answered(
    procedure: Procedure, manager: Client, forms: dict[str, Sent]
) -> None:
    form = forms["change"]
    for name in ("TOTAL_FORMS", "INITIAL_FORMS", "0-id", "0-page", "0-position"):
        assert f"risks-{name}" in form
        for strange in ["\0", "x", "-1", "9" * 400, "1.5", "١"]:
            with undone():
                response = manager.post(address(procedure), form | {f"risks-{name}": strange})
            assert response.status_code in (200, 302), (name, strange)


@pytest.mark.slow
@pytest.mark.parametrize("view", ["change", "publish"])
def test_missing_and_repeated_fields_are_answered(
    procedure: Procedure, manager: Client, forms: dict[str, Sent], view: str
) -> None:
    url, form = address(procedure, view), forms[view]
    shapes = {name.split("-")[-1]: name for name in form if not name.startswith("sections-")}
    for name in shapes.values():
        without = {other: value for other, value in form.items() if other != name}
        assert manager.post(url, without).status_code in (200, 302), name
    assert manager.post(url, {name: [value, "x"] for name, value in form.items()}).status_code == 200
    assert manager.post(url, {}).status_code == 200
    assert manager.post(url, "{}", content_type="application/json").status_code in (200, 400)
    assert manager.post(url, b"\xff\xfe\0", content_type="text/plain").status_code in (200, 400)


def test_strange_field_names_are_ignored(
    procedure: Procedure, manager: Client, forms: dict[str, Sent]
) -> None:
    for row in ("999999999999-name", "9" * 900 + "-id", "-1-id", "٣-id", "00-id"):
        with undone():
            response = manager.post(address(procedure), forms["change"] | {f"risks-{row}": "x"})
            assert response.status_code == 302, row
            assert procedure.risks.count() == 1


def test_false_row_counts_are_answered(procedure: Procedure, manager: Client, forms: dict[str, Sent]) -> None:
    for count in ("-5", "1000000000", "9" * 30):
        for kind in ("INITIAL", "TOTAL"):
            sent = forms["change"] | {f"risks-{kind}_FORMS": count}
            assert manager.post(address(procedure), sent).status_code < 500


def test_too_many_rows_are_refused_in_words(procedure: Procedure, manager: Client) -> None:
    row = {"name": "New", "body": "…", "frequency": "common"}
    sent = with_parts(form_of(manager, address(procedure)), {"risks": [row] * MAX_PARTS_PER_KIND})
    response = manager.post(address(procedure), sent)
    assert any("Please submit at most 100 forms." in error for error in errors_in(response))
    assert procedure.risks.count() == 1


def test_strange_list_queries_are_answered(manager: Client) -> None:
    queries = ["?q=%00", "?archived=%00", "?p=x", "?o=9.9.9", "?archived=no", "?q=" + "x" * 5000]
    for query in queries:
        response = manager.get(f"/staff/procedures/procedure/{query}")
        assert response.status_code in (200, 302), query
