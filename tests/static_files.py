"""Static files collected for the tests."""

from typing import Any

import brotli
from whitenoise.compress import Compressor

from clinic_site.core.http.static_files import StaticFilesStorage


class FastCompressor(Compressor):
    """Brotli at its fastest: its default quality takes seconds."""

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return brotli.compress(data, quality=1)


class FastStaticFilesStorage(StaticFilesStorage):
    def create_compressor(self, **options: Any) -> FastCompressor:
        return FastCompressor(**options)
