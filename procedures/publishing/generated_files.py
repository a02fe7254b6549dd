"""Generated files under ``MEDIA_ROOT``, named by a hash of their content, so that they never change."""

import re
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from clinic_site.core import atomic_files


@dataclass(frozen=True)
class GeneratedFiles:
    """The files of one kind, in a folder of their own."""

    folder: str
    names: re.Pattern[str]
    content_type: str

    def store(self, name: str, data: bytes) -> None:
        """Write a file atomically."""
        place = Path(settings.MEDIA_ROOT) / self.folder
        place.mkdir(parents=True, exist_ok=True)
        atomic_files.write(place / name, data, mode=0o644)

    @method_decorator(require_safe)
    def serve(self, request: HttpRequest, name: str) -> FileResponse:
        """Respond with a file. It may be cached forever: its name is its hash."""
        path = Path(settings.MEDIA_ROOT) / self.folder / name
        if not self.names.fullmatch(name) or not path.is_file():
            raise Http404("No such file.")
        response = FileResponse(path.open("rb"), content_type=self.content_type)
        response["Cache-Control"] = "public, max-age=31536000, immutable"
        return response
