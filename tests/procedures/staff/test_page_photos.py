"""Photographs of pages and people: uploaded in the admin, shown with alternative text."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from procedures.models import Overview, Photo, Practitioner, Procedure
from tests.admin_forms import address, errors_in, form_of, publish_in_admin
from tests.factories import a_procedure, a_reviewer, an_overview, shared_texts, signed_in
from tests.pages import read
from tests.procedures.publishing import photos
from tests.procedures.publishing.photos import encoded, picture, upload

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    return signed_in("Manager")


@pytest.fixture
def procedure() -> Procedure:
    shared_texts()
    return a_procedure()


def send(client: Client, record: Any, data: bytes, alt: str = "A microscope", **changes: Any) -> Any:
    sent = form_of(client, address(record)) | {"photo_alt": alt, "photo_upload": upload(data)} | changes
    response = client.post(address(record), sent)
    record.refresh_from_db()
    return response


def stored(settings: Any) -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]


def test_photo_is_shown_once_the_page_is_published(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    response = send(manager, procedure, encoded(picture(size=(900, 600))))
    assert response.status_code == 302, errors_in(response)
    assert procedure.photo

    publish_in_admin(manager, procedure, a_reviewer())
    (image,) = read(client.get("/procedures/lymph-vessel-repair/")).main.all("img", class_="photo")
    assert image["alt"] == "A microscope"
    # At most 384 pixels high, so that the text below begins on the first screen.
    assert (image["width"], image["height"]) == ("576", "384")
    assert [entry.split()[1] for entry in image["srcset"].split(", ")] == ["320w", "480w", "800w", "900w"]
    assert image["sizes"] == "(min-width: 626px) 576px, 92vw"
    for url in [image["src"], *(entry.split()[0] for entry in image["srcset"].split(", "))]:
        answer = client.get(url)
        assert answer.status_code == 200
        assert answer["Content-Type"] == "image/webp"


@pytest.mark.parametrize(
    ("size", "shown"),
    [((800, 1200), ("256", "384")), ((400, 300), ("400", "300")), ((1600, 320), ("1600", "320"))],
)
def test_photo_is_shown_whole_within_its_maximum_height(
    client: Client, manager: Client, procedure: Procedure, size: tuple[int, int], shown: tuple[str, str]
) -> None:
    send(manager, procedure, encoded(picture(size=size)))
    publish_in_admin(manager, procedure, a_reviewer())
    (image,) = read(client.get("/procedures/lymph-vessel-repair/")).main.all("img", class_="photo")
    assert (image["width"], image["height"]) == shown


def test_photo_is_shown_on_the_overview(client: Client, manager: Client) -> None:
    shared_texts()
    overview: Overview = an_overview()
    send(manager, overview, encoded(picture()))
    publish_in_admin(manager, overview, a_reviewer())
    assert [image["alt"] for image in read(client.get("/")).main.all("img", class_="photo")] == [
        "A microscope"
    ]


def test_photo_of_a_surgeon_is_shown(client: Client, manager: Client) -> None:
    person: Practitioner = a_reviewer()
    response = send(manager, person, encoded(picture(size=(400, 500))), alt="Dr. Khan at the microscope")
    assert response.status_code == 302, errors_in(response)
    (image,) = read(client.get("/surgeons/")).main.all("img", class_="photo")
    assert image["alt"] == "Dr. Khan at the microscope"
    # The smallest stored width is enough for this size at three device pixels to a CSS pixel.
    assert image["sizes"] == "10rem"
    assert client.get(image["src"]).status_code == 200


def test_photo_requires_alternative_text(manager: Client, procedure: Procedure, settings: Any) -> None:
    response = send(manager, procedure, encoded(picture()), alt="")
    assert errors_in(response) == ["Describe the photograph for people who cannot see it."]
    assert procedure.photo is None
    assert stored(settings) == []


def test_photo_keeps_its_alternative_text(manager: Client, procedure: Procedure) -> None:
    send(manager, procedure, encoded(picture()))
    sent = form_of(manager, address(procedure)) | {"photo_alt": ""}
    response = manager.post(address(procedure), sent)
    assert errors_in(response) == ["Describe the photograph for people who cannot see it."]


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "This file is empty. Choose a photograph."),
        (photos.SVG, "Choose a photograph as a JPEG, PNG, WebP or AVIF file."),
        (photos.HTML, "Choose a photograph as a JPEG, PNG, WebP or AVIF file."),
        (encoded(picture())[:3000], "This photograph is damaged. Save it again, or choose another."),
        (
            encoded(picture(size=(100, 100))),
            "Choose a photograph at least 320 pixels wide and 240 pixels high.",
        ),
    ],
)
def test_invalid_photo_is_refused_and_not_stored(
    manager: Client, procedure: Procedure, settings: Any, data: bytes, sentence: str
) -> None:
    response = send(manager, procedure, data)
    assert response.status_code == 200
    assert errors_in(response) == [sentence]
    assert procedure.photo is None
    assert not Photo.objects.exists()
    assert stored(settings) == []


def test_photo_in_an_invalid_form_is_not_stored(manager: Client, procedure: Procedure, settings: Any) -> None:
    response = send(manager, procedure, encoded(picture()), title="")
    assert response.status_code == 200
    assert not Photo.objects.exists()
    assert stored(settings) == []


def test_removed_photo_stays_in_the_published_version(
    client: Client, manager: Client, procedure: Procedure
) -> None:
    send(manager, procedure, encoded(picture()))
    publish_in_admin(manager, procedure, a_reviewer())
    sent = form_of(manager, address(procedure)) | {"photo_remove": "on"}
    assert manager.post(address(procedure), sent).status_code == 302
    procedure.refresh_from_db()
    assert procedure.photo is None
    (image,) = read(client.get("/procedures/lymph-vessel-repair/")).main.all("img", class_="photo")
    assert client.get(image["src"]).status_code == 200


# Served


@pytest.fixture
def photo() -> Photo:
    from procedures.publishing import photos as publishing_photos

    return publishing_photos.encode(upload(encoded(picture()))).store()


def test_photo_may_be_cached_forever(client: Client, photo: Photo) -> None:
    response = client.get(f"/media/photos/{photo.digest}-640.webp")
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=31536000, immutable"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert not response.cookies
    assert b"".join(response.streaming_content)[:4] == b"RIFF"  # type: ignore[attr-defined]


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


def test_photo_refuses_post(client: Client, photo: Photo) -> None:
    assert client.post(f"/media/photos/{photo.digest}-640.webp").status_code == 405
