"""The object that a message is about, as ``settings.MESSAGE_SUBJECT_FINDER`` describes it."""

from typing import NamedTuple


class RelatedObject(NamedTuple):
    """``page`` is its staff page; ``caution`` is what a caller must know first, or ""."""

    page: str
    caution: str = ""
