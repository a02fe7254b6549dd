"""Photographs of pages and people: uploaded in the admin, shown with alternative text."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from procedures.models import Photo, Practitioner, Procedure
from procedures.publishing import photos as publishing_photos
from procedures.templatetags import procedure_tags
from tests.admin_forms import address, errors_in, form_of, publish_in_admin
from tests.factories import (
    a_disclaimer,
    a_procedure,
    a_reviewer,
    an_emergency_text,
    an_overview,
    published,
    signed_in,
)
from tests.pages import read
from tests.procedures.publishing import photos
from tests.procedures.publishing.photos import encoded, picture, upload

pytestmark = pytest.mark.django_db

ASK_ALT = "Describe the photograph for people who cannot see it."


@pytest.fixture
def manager() -> Client:
    return signed_in("Manager")


@pytest.fixture
def procedure() -> Procedure:
    a_disclaimer()
    return a_procedure()


def send(client: Client, record: Any, data: bytes, alt: str = "A microscope", **changes: Any) -> Any:
    sent = form_of(client, address(record)) | {"photo_alt": alt, "photo_upload": upload(data)} | changes
    response = client.post(address(record), sent)
    record.refresh_from_db()
    return response


def images(client: Client, path: str) -> Any:
    return read(client.get(path)).main.all("img", class_="photo")


def stored(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_photo_is_shown_once_published_and_stays_in_that_version(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    response = send(manager, procedure, encoded(picture(size=(900, 600))))
    assert response.status_code == 302, errors_in(response)
    assert procedure.photo

    publish_in_admin(manager, procedure, a_reviewer())
    sent = form_of(manager, address(procedure))
    assert errors_in(manager.post(address(procedure), sent | {"photo_alt": ""})) == [ASK_ALT]
    assert manager.post(address(procedure), sent | {"photo_remove": "on"}).status_code == 302
    procedure.refresh_from_db()
    assert procedure.photo is None

    (image,) = images(client, "/procedures/lymph-vessel-repair/")
    assert image["alt"] == "A microscope"
    # At most 384 pixels high, so that the text below begins on the first screen.
    assert (image["width"], image["height"]) == ("576", "384")
    assert [entry.split()[1] for entry in image["srcset"].split(", ")] == ["320w", "480w", "800w", "900w"]
    assert image["sizes"] == "(min-width: 626px) 576px, 92vw"
    for url in [image["src"], *(entry.split()[0] for entry in image["srcset"].split(", "))]:
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/webp"


def test_photo_is_shown_whole_within_its_maximum_height() -> None:
    for size, shown in (((800, 1200), (256, 384)), ((400, 300), (400, 300)), ((1600, 320), (1600, 320))):
        record = Photo(digest="0" * 32, width=size[0], height=size[1], widths=[size[0]])
        context = procedure_tags.photo(record, "A microscope")
        assert (context["width"], context["height"]) == shown


def test_photo_is_shown_on_the_overview_and_of_a_surgeon(client: Client, manager: Client) -> None:
    overview, person = an_overview(), a_reviewer()
    published(an_emergency_text())
    for record, alt in ((overview, "A microscope"), (person, "Dr. Khan at the microscope")):
        response = send(manager, record, encoded(picture(size=(400, 500))), alt=alt)
        assert response.status_code == 302, errors_in(response)
    publish_in_admin(manager, overview, Practitioner.objects.get())
    assert [image["alt"] for image in images(client, "/")] == ["A microscope"]
    (image,) = images(client, "/surgeons/")
    assert image["alt"] == "Dr. Khan at the microscope"
    # The smallest stored width is enough for this size at three device pixels to a CSS pixel.
    assert image["sizes"] == "10rem"
    assert client.get(image["src"]).status_code == 200


def test_invalid_photo_is_refused_and_not_stored(
    manager: Client, procedure: Procedure, settings: Any
) -> None:
    good, opened = encoded(picture()), form_of(manager, address(procedure))
    for data, changes, sentence in (
        (b"", {}, "This file is empty. Choose a photograph."),
        (photos.SVG, {}, "Choose a photograph as a JPEG, PNG, WebP or AVIF file."),
        (good, {"photo_alt": ""}, ASK_ALT),
        (good, {"title": ""}, "This field is required."),
    ):
        sent = opened | {"photo_alt": "A microscope", "photo_upload": upload(data)} | changes
        response = manager.post(address(procedure), sent)
        assert response.status_code == 200
        assert errors_in(response) == [sentence]
        procedure.refresh_from_db()
        assert procedure.photo is None
        assert not Photo.objects.exists()
        assert stored(settings) == []


# Served


@pytest.fixture
def photo() -> Photo:
    return publishing_photos.encode(upload(encoded(picture()))).store()


def test_photo_may_be_cached_forever(client: Client, photo: Photo) -> None:
    url = f"/media/photos/{photo.digest}-640.webp"
    response = client.get(url)
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
    assert b"".join(response.streaming_content)[:4] == b"RIFF"  # type: ignore[attr-defined]
    assert client.post(url).status_code == 405


def test_other_photo_names_are_not_found(client: Client, photo: Photo, settings: Any) -> None:
    (Path(settings.MEDIA_ROOT) / "clinic.sqlite3").write_text("secret")
    (Path(settings.MEDIA_ROOT) / "photos" / "tmp_hidden").write_text("half a file")
    for name in (
        "{digest}-999.webp",
        "{digest}-640.webp.bak",
        "{digest}-640.WEBP",
        "{digest}-640",
        "{digest}.webp",
        "../{digest}-640.webp",
        "..%2F..%2Fclinic.sqlite3",
        "%2e%2e%2f%2e%2e%2fclinic.sqlite3",
        "..%5c..%5cclinic.sqlite3",
        "%00{digest}-640.webp",
        "{digest}-640.webp%00.html",
        "{digest}-640.webp%0a",
        "x" * 5000,
        "tmp_hidden",
        "%F0%9F%A9%BA.webp",
        "%ff%fe",
    ):
        response = client.get("/media/photos/" + name.format(digest=photo.digest))
        assert response.status_code == 404, name
