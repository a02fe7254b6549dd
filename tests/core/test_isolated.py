"""Untrusted files are worked on in child processes of limited memory and time, two at most."""

import fcntl
import io
import signal
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from PIL import Image

from clinic_site.core.untrusted import images, isolated
from consultations.intake import pdf_lock
from tests.consultations.intake.upload_samples import heic, protected_pdf
from tests.procedures.publishing.photos import encoded, picture

pytestmark = pytest.mark.slow
RUN = isolated.run  # other tests decode in their own process
ME = "tests.core.untrusted_work"


@pytest.fixture(autouse=True)
def children_and_slots(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolated, "run", RUN)
    settings.DATA_DIR = tmp_path


def read(data: bytes, *formats: str) -> Image.Image:
    return images.read(io.BytesIO(data), *formats, longest=320)


def test_pictures_are_decoded_in_a_child() -> None:
    for data, format in (
        (encoded(picture()), "JPEG"),
        (encoded(picture(), "PNG"), "PNG"),
        (encoded(picture(), "WEBP"), "WEBP"),
        (heic(), "HEIC"),
    ):
        found = read(data, format)
        assert (found.mode, found.size, found.info) == ("RGB", (320, 240), {}), format
        red, _green, blue = found.getpixel((60, 120))  # type: ignore[misc]
        assert red > 180 > 80 > blue, format


def test_child_says_what_is_wrong() -> None:
    for data, error in (
        (b"nothing of the kind", images.UnknownFormatError),
        (encoded(picture(), "PNG")[:900], images.DamagedPictureError),
        (encoded(Image.new("RGB", (8192, 6336)), "WEBP", lossless=True), images.TooManyPixelsError),
    ):
        with pytest.raises(error):
            read(data, "PNG", "WEBP")


def work(what: str, data: bytes = b"") -> tuple[int, bytes]:
    status, output = isolated.run(ME, [what], data)
    with output:
        return status, output.read()


def test_locked_pdf_is_recognized_in_a_child() -> None:
    for data, status in (
        (protected_pdf("1234"), pdf_lock.Status.LOCKED),
        (protected_pdf(), pdf_lock.Status.OPEN),
    ):
        found, output = isolated.run("consultations.intake.pdf_lock", [], data)
        output.close()
        assert found == status


def test_child_has_no_secret_and_no_open_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "swordfish")
    status, said = work("tell")
    assert status == 0
    assert b"swordfish" not in said
    assert said.endswith(b"open: [0, 1, 2]")


def test_memory_time_and_output_are_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    assert work("memory") == (1, b""), "a MemoryError"
    status, output = work("output")
    assert (status, len(output)) == (1, isolated.MAX_OUTPUT_BYTES)
    monkeypatch.setattr(isolated, "MAX_SECONDS", 0.5)
    with pytest.raises(isolated.TooSlowError):
        work("sleep")


def test_crash_is_a_damaged_file_and_used_up_time_is_too_much_work() -> None:
    assert work("crash") == (-signal.SIGSEGV, b"")
    with pytest.raises(isolated.KilledError):
        work("use up the time")


def test_decoder_that_tells_nothing_counts_as_much_work(monkeypatch: pytest.MonkeyPatch) -> None:
    outcomes: list[tuple[Any, type[Exception]]] = [
        (isolated.KilledError, images.TooManyPixelsError),
        (isolated.TooSlowError, isolated.BusyError),
        ([(-signal.SIGSEGV, io.BytesIO())], images.DamagedPictureError),
    ]
    for outcome, error in outcomes:
        monkeypatch.setattr(isolated, "run", Mock(side_effect=outcome))
        counted: list[int] = []
        with pytest.raises(error):
            images.read(io.BytesIO(b""), "PNG", longest=320, count=counted.append)
        assert counted == [images.PIXELS_IF_UNKNOWN], error


def test_third_is_refused_at_once_and_a_large_picture_needs_the_first_slot(tmp_path: Path) -> None:
    large = encoded(Image.new("RGB", (4_200, 3_200)), "PNG", compress_level=1)
    small = encoded(picture(), "PNG")
    first, second = ((tmp_path / f"decoding-{number}.lock").open("w") for number in (0, 1))
    with second:
        with first:
            fcntl.flock(first, fcntl.LOCK_EX)
            with pytest.raises(isolated.BusyError):
                read(large, "PNG")
            assert read(small, "PNG").size == (320, 240)
            fcntl.flock(second, fcntl.LOCK_EX)
            for data in (small, large):
                with pytest.raises(isolated.BusyError):
                    read(data, "PNG")
        assert read(large, "PNG").size == (320, 244)
