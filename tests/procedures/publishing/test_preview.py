"""The draft, as patients would see it: for staff, and by a link for somebody without an account."""

import io
import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.core.json_logging import JsonFormatter
from procedures.models import PreviewLink, Procedure, Publication
from procedures.publishing import services as publishing
from tests.admin_forms import address
from tests.factories import a_procedure, an_overview, published, shared_texts, staff
from tests.pages import read

pytestmark = pytest.mark.django_db

DRAFT = "Draft. Patients do not see this page."


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    procedure = a_procedure()
    published(procedure)
    procedure.risks.update(body="A draft of a risk.")
    return procedure


def link_to(procedure: Procedure) -> tuple[PreviewLink, str]:
    link, token = publishing.make_preview_link(
        procedure,
        language="en",
        by=staff("Editor", email=f"maker-{PreviewLink.objects.count()}@clinic.example"),
    )
    return link, reverse("procedures:preview", args=[token])


@pytest.fixture(params=["staff", "link"])
def previewed(request: pytest.FixtureRequest, procedure: Procedure, editor: Client) -> object:
    """The answer with the draft, by both ways."""
    if request.param == "staff":
        return editor.get(address(procedure, "preview"))
    return Client().get(link_to(procedure)[1])


def test_it_shows_the_draft_through_the_public_templates_and_says_so(previewed: object) -> None:
    page = read(previewed)
    assert "A draft of a risk." in page.main.text
    assert DRAFT in page.text
    assert len(page.all("h1")) == 1


def test_no_cache_keeps_it_and_no_search_engine_lists_it(previewed: object) -> None:
    headers = previewed.headers  # type: ignore[attr-defined]
    assert {"no-store", "private"} <= set(headers["Cache-Control"].replace(" ", "").split(","))
    assert headers["X-Robots-Tag"] == "noindex, nofollow"
    assert "ETag" not in headers
    assert read(previewed).meta("robots") == ["noindex, nofollow"]


def test_its_address_is_told_to_nobody(previewed: object) -> None:
    assert previewed.headers["Referrer-Policy"] == "no-referrer"  # type: ignore[attr-defined]
    page = read(previewed)
    assert page.structured_data == []
    assert page.all("link", rel="canonical") == []
    assert page.meta("og:url") == []


def test_the_public_page_goes_on_saying_what_was_published(client: Client, procedure: Procedure) -> None:
    assert "A draft of a risk." not in read(client.get("/procedures/lymph-vessel-repair/")).text


def test_a_link_opens_its_own_page_and_no_other(client: Client, procedure: Procedure) -> None:
    other = a_procedure("tendon-transfer")
    _link, url = link_to(procedure)
    assert procedure.title in read(client.get(url)).one("h1").text
    _link, others_url = link_to(other)
    assert other.title in read(client.get(others_url)).one("h1").text
    for path in (address(procedure, "preview"), address(procedure), address(procedure, "history_of")):
        assert client.get(path).status_code == 302
    assert client.cookies == {}


def test_it_ends_after_seven_days(client: Client, procedure: Procedure) -> None:
    begin = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with time_machine.travel(begin, tick=False) as clock:
        _link, url = link_to(procedure)
        clock.move_to(begin + timedelta(days=7) - timedelta(seconds=1))
        assert client.get(url).status_code == 200
        clock.move_to(begin + timedelta(days=7))
        assert client.get(url).status_code == 404


def test_revoked_it_opens_nothing_and_the_others_still_do(
    client: Client, procedure: Procedure, editor: Client
) -> None:
    (link, url), (_other, other_url) = link_to(procedure), link_to(procedure)
    revoke = f"{address(procedure, 'preview_link')}{link.pk}/revoke/"
    assert editor.get(revoke).status_code == 405
    assert client.get(url).status_code == 200
    assert editor.post(revoke).status_code == 302
    assert client.get(url).status_code == 404
    assert client.get(other_url).status_code == 200


def test_it_opens_no_archived_page_and_outlives_no_account(client: Client, procedure: Procedure) -> None:
    link, url = link_to(procedure)
    User.objects.filter(pk=link.created_by_id).update(is_active=False)
    assert client.get(url).status_code == 404
    User.objects.filter(pk=link.created_by_id).update(is_active=True)
    assert client.get(url).status_code == 200
    publishing.archive(procedure, by=None)
    assert client.get(url).status_code == 404


def test_no_link_is_made_to_an_archived_page(procedure: Procedure, editor: Client) -> None:
    publishing.archive(procedure, by=None)
    response = editor.post(address(procedure, "preview_link"))
    assert "This procedure is archived: a link would open nothing." in read(response).text
    assert not PreviewLink.objects.exists()


def test_a_link_to_the_overview_opens_it(client: Client) -> None:
    _link, token = publishing.make_preview_link(an_overview(), language="en", by=staff("Editor"))
    assert client.get(reverse("procedures:preview", args=[token])).status_code == 200


def test_a_link_is_revoked_on_its_own_page_only(procedure: Procedure, editor: Client) -> None:
    other = a_procedure("tendon-transfer")
    link, _url = link_to(procedure)
    assert editor.post(f"{address(other, 'preview_link')}{link.pk}/revoke/").status_code == 404
    assert PreviewLink.objects.valid().filter(pk=link.pk).exists()


@pytest.mark.parametrize(
    "token",
    ["x", "A" * 32, "A" * 5_000, "%00", "🩺", "..%2F..", "' OR 1=1 --", "e3b0c44298fc1c149afbf4c8996fb92"],
)
def test_a_wrong_token_is_404(client: Client, procedure: Procedure, token: str) -> None:
    link_to(procedure)
    assert client.get(f"/preview/{token}/").status_code == 404


def test_the_stored_hash_is_no_token(client: Client, procedure: Procedure) -> None:
    link, _url = link_to(procedure)
    assert client.get(reverse("procedures:preview", args=[link.token_hash])).status_code == 404


def test_making_a_link_in_the_admin_shows_it_once(
    client: Client, procedure: Procedure, editor: Client
) -> None:
    path = address(procedure, "preview_link")
    editor.get(path)
    assert not PreviewLink.objects.exists()
    response = editor.post(path)
    url = read(response).one(id="preview-address")["value"]
    assert client.get(url.replace("http://testserver", "")).status_code == 200
    token = url.rstrip("/").rsplit("/", 1)[1]
    assert token not in editor.get(path).content.decode()
    assert len(token) >= 22, "fewer than 128 bits"


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """All that is logged, at the finest, in the shape it leaves the process."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter())
    root, levels = logging.getLogger(), {}
    for name in ("", "django", "django.request", "django.server", "procedures", "clinic_site"):
        levels[name] = logging.getLogger(name).level
        logging.getLogger(name).setLevel(logging.INFO)
    root.addHandler(handler)
    yield written
    root.removeHandler(handler)
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


def test_a_token_is_in_no_log_line_and_nowhere_in_the_database(
    client: Client, procedure: Procedure, editor: Client, log: io.StringIO
) -> None:
    url = read(editor.post(address(procedure, "preview_link"))).one(id="preview-address")["value"]
    token = url.rstrip("/").rsplit("/", 1)[1]
    path = reverse("procedures:preview", args=[token])
    client.get(path)
    client.post(path)
    PreviewLink.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert client.get(path).status_code == 404
    assert "preview" in log.getvalue()
    assert token not in log.getvalue()
    for model in apps.get_models(include_auto_created=True):
        for row in model._default_manager.values():
            assert token not in str(row), model


def test_no_way_of_opening_it_changes_anything(client: Client, procedure: Procedure, editor: Client) -> None:
    _link, url = link_to(procedure)
    before = list(PreviewLink.objects.values()), list(Publication.objects.values())
    for path in (url, address(procedure, "preview"), address(procedure, "preview_link")):
        for method in ("get", "head", "options"):
            getattr(editor, method)(path)
    assert client.post(url).status_code == 405
    assert (list(PreviewLink.objects.values()), list(Publication.objects.values())) == before
