"""Previews of drafts, for staff and by links for people without an account."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.apps import apps
from django.test import Client
from django.urls import reverse

from clinic_site.accounts.models import User
from clinic_site.core.json_logging import JsonFormatter
from procedures.models import Page, PreviewLink, Procedure, Publication
from procedures.publishing import publishing
from tests.admin_forms import address
from tests.conftest import shared_world
from tests.factories import a_procedure, an_overview, published, staff
from tests.pages import read
from tests.procedures.publishing.signing import PATH

pytestmark = pytest.mark.django_db

DRAFT = "Draft. Patients do not see this page."


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """A published procedure whose draft differs, and a draft of another."""
    with shared_world(django_db_blocker):
        procedure = a_procedure()
        a_procedure("tendon-transfer")
        published(procedure)
        procedure.risks.update(body="A draft of a risk.")
        yield


@pytest.fixture
def procedure(world: None, db: None) -> Procedure:
    return Procedure.objects.get(slug="lymph-vessel-repair")


@pytest.fixture
def other(world: None, db: None) -> Procedure:
    return Procedure.objects.get(slug="tendon-transfer")


def link_to(page: Page) -> tuple[PreviewLink, str]:
    maker = staff("Editor", email=f"maker-{PreviewLink.objects.count()}@clinic.example")
    link, token = publishing.make_preview_link(page, language="en", by=maker)
    return link, reverse("procedures:preview", args=[token])


def test_preview_shows_the_draft_privately(client: Client, procedure: Procedure, editor: Client) -> None:
    """By both ways, without a trace in caches, search engines or other sites' logs."""
    for response in (editor.get(address(procedure, "preview")), client.get(link_to(procedure)[1])):
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
    assert "A draft of a risk." not in read(client.get(PATH)).text


def test_preview_link_opens_only_its_page(client: Client, procedure: Procedure, other: Procedure) -> None:
    for page in (procedure, other, an_overview()):
        _link, url = link_to(page)
        assert page.title in read(client.get(url)).one("h1").text
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


def test_preview_link_is_revoked_alone_and_on_its_own_page(
    client: Client, procedure: Procedure, other: Procedure, editor: Client
) -> None:
    (link, url), (_kept, kept_url) = link_to(procedure), link_to(procedure)
    revoke = f"{address(procedure, 'preview_link')}{link.pk}/revoke/"
    assert editor.get(revoke).status_code == 405
    assert editor.post(f"{address(other, 'preview_link')}{link.pk}/revoke/").status_code == 404
    assert client.get(url).status_code == 200
    assert editor.post(revoke).status_code == 302
    assert client.get(url).status_code == 404
    assert client.get(kept_url).status_code == 200


def test_preview_link_ends_with_its_page_and_its_creator(
    client: Client, procedure: Procedure, editor: Client
) -> None:
    link, url = link_to(procedure)
    for is_active, status in ((False, 404), (True, 200)):
        User.objects.filter(pk=link.created_by_id).update(is_active=is_active)
        assert client.get(url).status_code == status
    publishing.archive(procedure, by=None)
    assert client.get(url).status_code == 404
    response = editor.post(address(procedure, "preview_link"))
    assert "This procedure is archived: a link would open nothing." in read(response).text
    assert list(PreviewLink.objects.all()) == [link]


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


def test_preview_token_is_neither_logged_nor_stored(
    client: Client, procedure: Procedure, editor: Client, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.handler.setFormatter(JsonFormatter())
    for name in ("", "django", "django.request", "django.server", "procedures", "clinic_site"):
        caplog.set_level(logging.INFO, logger=name)
    url = read(editor.post(address(procedure, "preview_link"))).one(id="preview-address")["value"]
    token = url.rstrip("/").rsplit("/", 1)[1]
    path = reverse("procedures:preview", args=[token])
    client.get(path)
    client.post(path)
    PreviewLink.objects.update(expires_at=datetime(2020, 1, 1, tzinfo=UTC))
    assert client.get(path).status_code == 404
    assert "preview" in caplog.text
    assert token not in caplog.text
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
