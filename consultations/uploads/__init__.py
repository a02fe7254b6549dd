"""What patients send with a request: photographs, and reports as PDF.

``receiving`` takes a body in without letting it fill memory or disk; ``cleaning`` turns one file of it
into what may be kept. Where that is kept is ``consultations.files``.
"""

from consultations.uploads.cleaning import CleanFile, clean
from consultations.uploads.limits import MAX_BODY, MAX_BYTES, MOST_FILES
from consultations.uploads.receiving import takes_files

__all__ = ["MAX_BODY", "MAX_BYTES", "MOST_FILES", "CleanFile", "clean", "takes_files"]
