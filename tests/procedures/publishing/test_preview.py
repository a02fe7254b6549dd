"""Previews of drafts, for staff and by links for people without an account."""

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


def test_preview_shows_the_draft_privately(procedure: Procedure, editor: Client) -> None:
    """By both ways, without a trace in caches, search engines or other sites' logs."""
    for response in (editor.get(address(procedure, "preview")), Client().get(link_to(procedure)[1])):
        page = read(response)
        assert "A draft of a risk." in page.main.text
        assert DRAFT in page.text
        assert len(page.all("h1")) == 1
        assert {"no-store", "private"} <= set(response["Cache-Control"].replace(" ", "").split(","))
        assert response["X-Robots-Tag"] == "noindex, nofollow"
        assert "ETag" not in response.headers
        assert page.meta("robots") == ["noindex, nofollow"]
        assert response["Referrer-Policy"] == "no-referrer"
        assert page.structured_data == []
        assert page.all("link", rel="canonical") == []
        assert page.meta("og:url") == []


def test_public_page_does_not_show_the_draft(client: Client, procedure: Procedure) -> None:
    assert "A draft of a risk." not in read(client.get("/procedures/lymph-vessel-repair/")).text


def test_preview_link_opens_only_its_page(client: Client, procedure: Procedure) -> None:
    other = a_procedure("tendon-transfer")
    _link, url = link_to(procedure)
    assert procedure.title in read(client.get(url)).one("h1").text
    _link, others_url = link_to(other)
    assert other.title in read(client.get(others_url)).one("h1").text
    for path in (address(procedure, "preview"), address(procedure), address(procedure, "history_of")):
        assert client.get(path).status_code == 302
    assert client.cookies == {}


def test_preview_link_expires_after_seven_days(client: Client, procedure: Procedure) -> None:
    begin = datetime(2026, 6, 1, 12, tzinfo=UTC)
    with time_machine.travel(begin, tick=False) as clock:
        _link, url = link_to(procedure)
        clock.move_to(begin + timedelta(days=7) - timedelta(seconds=1))
        assert client.get(url).status_code == 200
        clock.move_to(begin + timedelta(days=7))
        assert client.get(url).status_code == 404


def test_revoked_preview_link_is_404_and_others_still_work(
    client: Client, procedure: Procedure, editor: Client
) -> None:
    (link, url), (_other, other_url) = link_to(procedure), link_to(procedure)
    revoke = f"{address(procedure, 'preview_link')}{link.pk}/revoke/"
    assert editor.get(revoke).status_code == 405
    assert client.get(url).status_code == 200
    assert editor.post(revoke).status_code == 302
    assert client.get(url).status_code == 404
    assert client.get(other_url).status_code == 200


def test_preview_link_ends_with_its_page_and_its_creator(client: Client, procedure: Procedure) -> None:
    link, url = link_to(procedure)
    User.objects.filter(pk=link.created_by_id).update(is_active=False)
    assert client.get(url).status_code == 404
    User.objects.filter(pk=link.created_by_id).update(is_active=True)
    assert client.get(url).status_code == 200
    publishing.archive(procedure, by=None)
    assert client.get(url).status_code == 404


def test_preview_link_is_refused_for_an_archived_page(procedure: Procedure, editor: Client) -> None:
    publishing.archive(procedure, by=None)
    response = editor.post(address(procedure, "preview_link"))
    assert "This procedure is archived: a link would open nothing." in read(response).text
    assert not PreviewLink.objects.exists()


def test_preview_link_opens_the_overview(client: Client) -> None:
    _link, token = publishing.make_preview_link(an_overview(), language="en", by=staff("Editor"))
    assert client.get(reverse("procedures:preview", args=[token])).status_code == 200


def test_preview_link_is_revoked_on_its_own_page_only(procedure: Procedure, editor: Client) -> None:
    other = a_procedure("tendon-transfer")
    link, _url = link_to(procedure)
    assert editor.post(f"{address(other, 'preview_link')}{link.pk}/revoke/").status_code == 404
    assert PreviewLink.objects.valid().filter(pk=link.pk).exists()


def test_preview_link_with_a_wrong_token_is_404(client: Client, procedure: Procedure) -> None:
    link, _url = link_to(procedure)
    wrong = ("x", "A" * 32, "A" * 5_000, "%00", "🩺", "..%2F..", "' OR 1=1 --", link.token_hash)
    for token in wrong:
        assert client.get(f"/preview/{token}/").status_code == 404, token


def test_preview_link_is_shown_once(client: Client, procedure: Procedure, editor: Client) -> None:
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
    """The log output at level INFO, as JSON."""
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


def test_preview_token_is_neither_logged_nor_stored(
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


def test_opening_previews_changes_nothing(client: Client, procedure: Procedure, editor: Client) -> None:
    _link, url = link_to(procedure)
    before = list(PreviewLink.objects.values()), list(Publication.objects.values())
    for path in (url, address(procedure, "preview"), address(procedure, "preview_link")):
        for method in ("get", "head", "options"):
            getattr(editor, method)(path)
    assert client.post(url).status_code == 405
    assert (list(PreviewLink.objects.values()), list(Publication.objects.values())) == before
