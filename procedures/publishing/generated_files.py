"""Files of our own making under ``MEDIA_ROOT``: named by their content, so that they never change."""

import re
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404

from clinic_site.core import atomic_files


def folder(kind: str) -> Path:
    return Path(settings.MEDIA_ROOT) / kind


def store(kind: str, name: str, data: bytes) -> None:
    """Write a file. Never half of it stands under its name: a reader sees all of it or none."""
    place = folder(kind)
    place.mkdir(parents=True, exist_ok=True)
    atomic_files.write(place / name, data, mode=0o644)


def serve(kind: str, name: str, names: re.Pattern[str], content_type: str) -> FileResponse:
    """One file, if its name is one of ``names``. It changes when the file does: any cache may keep it."""
    path = folder(kind) / name
    if not names.fullmatch(name) or not path.is_file():
        raise Http404("No such file.")
    response = FileResponse(path.open("rb"), content_type=content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
