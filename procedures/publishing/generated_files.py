"""Generated files under ``MEDIA_ROOT``, named by a hash of their content, so that they never change."""

import re
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404

from clinic_site.core import atomic_files


def folder(kind: str) -> Path:
    return Path(settings.MEDIA_ROOT) / kind


def store(kind: str, name: str, data: bytes) -> None:
    """Write a file atomically."""
    place = folder(kind)
    place.mkdir(parents=True, exist_ok=True)
    atomic_files.write(place / name, data, mode=0o644)


def serve(kind: str, name: str, names: re.Pattern[str], content_type: str) -> FileResponse:
    """Respond with a file whose name matches ``names``. It may be cached forever: its name is its hash."""
    path = folder(kind) / name
    if not names.fullmatch(name) or not path.is_file():
        raise Http404("No such file.")
    response = FileResponse(path.open("rb"), content_type=content_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
