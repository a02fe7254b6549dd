"""Every address of the staff side of a page, by every method, for every role: who is let in, and to what.

And whatever is sent to them, none of them fails.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from clinic_site.accounts.roles import CLINICAL_REVIEWER, COORDINATOR, EDITOR, MANAGER
from procedures.models import Page, PreviewLink, Procedure, Publication
from procedures.publishing import services as publishing
from procedures.staff.page_forms import MOST_PARTS
from tests.admin_forms import Sent, address, errors_in, form_of, with_parts
from tests.conftest import shared_world, undone
from tests.factories import a_procedure, a_reviewer, published, shared_texts, staff

pytestmark = pytest.mark.django_db

NOBODY, NO_ROLE, PATIENT = "nobody signed in", "", "an account that is not staff"
ROLES = [NOBODY, PATIENT, NO_ROLE, COORDINATOR, EDITOR, CLINICAL_REVIEWER, MANAGER]
VIEWS = ["change", "publish", "preview_link"]
WRITES, SIGNS = {EDITOR, CLINICAL_REVIEWER, MANAGER}, {CLINICAL_REVIEWER, MANAGER}

# The address; who may GET it, with what answer; who may POST to it, with what answer.
# 405 is the answer to a method that the address does not take, whoever asks.
TABLE: list[tuple[str, set[str], int, set[str], int]] = [
    ("change/", WRITES, 200, WRITES, 200),
    ("preview/", WRITES, 200, set(), 405),
    ("preview-links/", WRITES, 200, WRITES, 200),
    ("preview-links/{link}/revoke/", set(), 405, WRITES, 302),
    ("publish/", SIGNS, 200, SIGNS, 200),
    ("withdraw/", SIGNS, 200, SIGNS, 302),
    ("archive/", SIGNS, 200, SIGNS, 302),
    ("unarchive/", SIGNS, 200, SIGNS, 302),
    ("versions/", WRITES, 200, set(), 405),
    ("versions/1/", WRITES, 200, set(), 405),
    ("versions/compare/?from=1", WRITES, 200, set(), 405),
    # The draft is not what a version says: it asks first.
    ("versions/1/restore/", set(), 405, WRITES, 200),
    ("versions/1/call-off/", set(), 405, SIGNS, 302),
    ("history/", WRITES, 200, WRITES, 200),
    ("delete/", set(), 403, set(), 403),
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[dict[str, Sent]]:
    """A procedure for all of these tests, and what each of its forms sends when nobody has touched it."""
    with shared_world(django_db_blocker):
        with django_db_blocker.unblock():
            shared_texts()
            procedure = a_procedure()
            published(procedure)
            procedure.risks.update(body="A draft.")
            with undone():
                manager = somebody(MANAGER)
                forms = {view: form_of(manager, address(procedure, view)) for view in VIEWS}
        yield forms


@pytest.fixture
def procedure(world: dict[str, Sent]) -> Procedure:
    return Procedure.objects.get()


def somebody(role: str) -> Client:
    client = Client()
    if role == PATIENT:
        client.force_login(staff(email="patient@clinic.example", is_staff=False))
    elif role != NOBODY:
        client.force_login(staff(role))
    return client


def base(procedure: Page) -> str:
    return f"/staff/procedures/procedure/{procedure.pk}/"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row[0])
def test_who_is_let_in_where(procedure: Procedure, row: tuple[Any, ...], role: str) -> None:
    path, may_get, get_status, may_post, post_status = row
    link, _token = publishing.make_preview_link(
        procedure, language="en", by=staff(email="maker@clinic.example")
    )
    url = base(procedure) + path.format(link=link.pk)
    client = somebody(role)
    before = everything(procedure)
    for method, allowed, status in (("get", may_get, get_status), ("post", may_post, post_status)):
        response = getattr(client, method)(url)
        if role in (NOBODY, PATIENT):
            assert response.status_code == 302, method
            assert response["Location"].startswith("/staff/login/")
        elif role in allowed or status == 405:
            assert response.status_code == status, method
        else:
            assert response.status_code == 403, method
        if method == "get" or role not in allowed:
            assert everything(procedure) == before, f"{method} changed something"


def everything(procedure: Procedure) -> list[Any]:
    rows = (Publication, Procedure, PreviewLink)
    parts = ("sections", "risks", "citations")
    return [list(model._default_manager.values()) for model in rows] + [
        list(getattr(procedure, part).values()) for part in parts
    ]


def test_an_editor_cannot_publish_by_any_route(procedure: Procedure) -> None:
    """The form of a reviewer, sent by hand to every address there is, in the editor's own session."""
    reviewer, editor = somebody(CLINICAL_REVIEWER), somebody(EDITOR)
    url = address(procedure, "publish")
    sent = form_of(reviewer, url) | {
        "reviewer": str(a_reviewer().pk),
        "change_note": "Mine.",
        "read_risks": "on",
        "_publish": "1",
        "action": "publish",
        "_selected_action": str(procedure.pk),
    }
    live = list(Publication.objects.live().values_list("pk", flat=True))
    routes = [row[0].format(link=1) for row in TABLE] + ["", "versions/1/publish/", "change/publish/"]
    for route in routes:
        for suffix in ("", "?_publish=1", "?on=2026-05-03"):
            editor.post(base(procedure) + route.split("?")[0] + suffix, sent)
    for listed in (
        "/staff/procedures/procedure/",
        "/staff/procedures/page/",
        "/staff/procedures/publication/",
    ):
        editor.post(listed, sent)
        editor.post(f"{listed}add/", sent)
    editor.post("/procedures/lymph-vessel-repair/", sent)
    assert list(Publication.objects.live().values_list("pk", flat=True)) == live
    assert Publication.objects.count() == 1
    assert Publication.objects.get().withdrawn_at is None
    assert Procedure.objects.get(pk=procedure.pk).archived_at is None
    # The reviewer, with the same form: the test could have failed.
    fresh = form_of(reviewer, url) | {name: sent[name] for name in ("reviewer", "change_note", "read_risks")}
    assert reviewer.post(url, fresh).status_code == 302
    assert Publication.objects.count() == 2


def test_no_list_of_pages_has_an_action(procedure: Procedure) -> None:
    for role in (EDITOR, CLINICAL_REVIEWER):
        page = somebody(role).get("/staff/procedures/procedure/").content.decode()
        assert 'name="action"' not in page


# Hostile input

STRANGE = ["\0", "🩺" * 50, "x" * 1_000_000, "-1", "9" * 400, "1e9", "None", "<script>", "\ud800", "١٢"]
NUMBERS = ["0", "99999999999999999999999", "2147483648", "9223372036854775808"]


@pytest.mark.parametrize("number", NUMBERS)
def test_a_page_or_version_of_any_number_is_404_and_never_fails(procedure: Procedure, number: str) -> None:
    manager = somebody(MANAGER)
    for path, *_rest in TABLE:
        for url in (
            f"/staff/procedures/procedure/{number}/{path.format(link=number)}",
            base(procedure)
            + path.format(link=number).replace("/1/", f"/{number}/").replace("=1", f"={number}"),
        ):
            for method in ("get", "post"):
                assert getattr(manager, method)(url).status_code < 500, (method, url)


# Those that say what a form is about; the others are what somebody types.
STRUCTURE = ("csrfmiddlewaretoken", "opened", "seen", "_FORMS", "-id", "-page", "-position")


@pytest.mark.parametrize("strange", STRANGE, ids=lambda text: ascii(text)[:12])
@pytest.mark.parametrize("view", VIEWS)
def test_whatever_stands_in_the_fields_the_answer_is_a_page(
    procedure: Procedure, world: dict[str, Sent], view: str, strange: str
) -> None:
    manager = somebody(MANAGER)
    url = address(procedure, view)
    honest = world[view]
    strange = strange.encode("utf-8", "replace").decode()
    typed = [name for name in honest if not name.endswith(STRUCTURE)]
    if len(strange) > 10_000:
        typed = typed[:1]
    assert manager.post(url, honest | dict.fromkeys(typed, strange)).status_code in (200, 400)


@pytest.mark.slow
@pytest.mark.parametrize("strange", ["\0", "x", "-1", "9" * 400, "1.5", "١"])
def test_whatever_a_form_says_of_itself_the_answer_is_a_page(
    procedure: Procedure, world: dict[str, Sent], strange: str
) -> None:
    manager = somebody(MANAGER)
    url = address(procedure)
    honest = world["change"]
    for name in (
        "risks-TOTAL_FORMS",
        "risks-INITIAL_FORMS",
        "risks-0-id",
        "risks-0-page",
        "risks-0-position",
    ):
        assert name in honest
        assert manager.post(url, honest | {name: strange}).status_code in (200, 302), name


@pytest.mark.slow
@pytest.mark.parametrize("view", ["change", "publish"])
def test_any_field_may_be_missing_or_be_there_twice(
    procedure: Procedure, world: dict[str, Sent], view: str
) -> None:
    manager = somebody(MANAGER)
    url = address(procedure, view)
    honest = world[view]
    shapes = {name.split("-")[-1]: name for name in honest if not name.startswith("sections-")}
    for name in shapes.values():
        without = {other: value for other, value in honest.items() if other != name}
        assert manager.post(url, without).status_code in (200, 302), name
    assert manager.post(url, {name: [value, "x"] for name, value in honest.items()}).status_code == 200
    assert manager.post(url, {}).status_code == 200
    assert manager.post(url, "{}", content_type="application/json").status_code in (200, 400)
    assert manager.post(url, b"\xff\xfe\0", content_type="text/plain").status_code in (200, 400)


@pytest.mark.parametrize(
    "name",
    ["risks-999999999999-name", "risks-" + "9" * 900 + "-id", "risks--1-id", "risks-٣-id", "risks-00-id"],
)
def test_a_field_with_a_strange_name_is_passed_over(
    procedure: Procedure, world: dict[str, Sent], name: str
) -> None:
    manager = somebody(MANAGER)
    sent = world["change"] | {name: "x"}
    assert manager.post(address(procedure), sent).status_code == 302
    assert procedure.risks.count() == 1


@pytest.mark.parametrize("forms", ["-5", "1000000000", "9" * 30])
def test_a_count_of_rows_that_is_not_true_costs_nothing(
    procedure: Procedure, world: dict[str, Sent], forms: str
) -> None:
    manager = somebody(MANAGER)
    sent = world["change"]
    for count in ("INITIAL", "TOTAL"):
        assert manager.post(address(procedure), sent | {f"risks-{count}_FORMS": forms}).status_code < 500


def test_more_rows_than_a_page_may_have_are_refused_in_words_and_not_dropped(procedure: Procedure) -> None:
    manager = somebody(MANAGER)
    row = {"name": "New", "body": "…", "frequency": "common"}
    sent = with_parts(form_of(manager, address(procedure)), {"risks": [row] * MOST_PARTS})
    response = manager.post(address(procedure), sent)
    assert any("Please submit at most 100 forms." in error for error in errors_in(response))
    assert procedure.risks.count() == 1


@pytest.mark.parametrize(
    "query", ["?q=%00", "?archived=%00", "?p=x", "?o=9.9.9", "?archived=no", "?q=" + "x" * 5000]
)
def test_a_strange_list_is_a_list(procedure: Procedure, query: str) -> None:
    response = somebody(EDITOR).get(f"/staff/procedures/procedure/{query}")
    assert response.status_code in (200, 302)
