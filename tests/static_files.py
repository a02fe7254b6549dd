"""The static files of the project, and how they are collected for the tests."""

from pathlib import Path
from typing import Any

import brotli
from django.conf import settings
from whitenoise.compress import Compressor

from clinic_site.core.http.static_files import StaticFilesStorage


def own_static_files(suffix: str) -> list[Path]:
    """Return the project's own static files that end in ``suffix``, at least one."""
    found = sorted(Path(settings.BASE_DIR, "static").rglob(f"*{suffix}"))
    assert found
    return found


class FastCompressor(Compressor):
    """Brotli at its fastest: its default quality takes seconds."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return brotli.compress(data, quality=1)


class FastStaticFilesStorage(StaticFilesStorage):
    def create_compressor(self, **options: Any) -> FastCompressor:
        return FastCompressor(**options)
