"""iCalendar files (RFC 5545): one appointment as an invitation (RFC 5546), or a feed of many.

They hold no health details: phones show calendar entries on the lock screen.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Method = Literal["REQUEST", "CANCEL"]
LINE_OCTETS = 75


def event(
    uid: str,
    sequence: int,
    start: datetime,
    end: datetime,
    summary: str,
    location: str,
    method: Method = "REQUEST",
    *,
    organizer: str,
    attendee: str,
    stamp: datetime,
) -> bytes:
    """Return a calendar with one event.

    The same ``uid`` with a higher ``sequence`` replaces the event; CANCEL removes it. ``stamp`` is when the
    change was made. ``organizer`` and ``attendee`` are validated addresses.
    """
    return _calendar(
        method,
        _event(
            _what(uid, sequence, start, end, summary, stamp),
            f"LOCATION:{_text(location)}",
            f"ORGANIZER:mailto:{organizer}",
            f"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:{attendee}",
            f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event of a feed. A tentative one is offered, not agreed."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    stamp: datetime
    is_tentative: bool = False


def published(name: str, entries: Iterable[Entry], *, organizer: str) -> bytes:
    """Return a feed. Subscribed apps remove events that are no longer in it, and are asked to poll hourly."""
    about = [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}"]
    about += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    events = [
        _event(
            _what(entry.uid, entry.sequence, entry.start, entry.end, entry.summary, entry.stamp),
            f"ORGANIZER:mailto:{organizer}",
            "CLASS:PRIVATE",
            f"STATUS:{'TENTATIVE' if entry.is_tentative else 'CONFIRMED'}",
        )
        for entry in entries
    ]
    return _calendar("PUBLISH", about, *events)


def _calendar(method: str, *parts: list[str]) -> bytes:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//clinic_site//appointments//EN", f"METHOD:{method}"]
    for part in parts:
        lines += part
    return b"".join(_folded(line) for line in [*lines, "END:VCALENDAR"])


def _event(what: list[str], *more: str) -> list[str]:
    return ["BEGIN:VEVENT", *what, *more, "END:VEVENT"]


def _what(
    uid: str, sequence: int, start: datetime, end: datetime, summary: str, stamp: datetime
) -> list[str]:
    return [
        f"UID:{_text(uid)}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_text(summary)}",
    ]


def attachment(name: str, content: bytes, method: Method = "REQUEST") -> tuple[str, str, bytes]:
    """Return the attachment as ``mail.queue.queue`` takes it."""
    return name, f"text/calendar; method={method}; charset=utf-8", content


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("Calendar times need a time zone.")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Escape a TEXT value, on one line (3.3.11)."""
    lines = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").splitlines()
    kept = "\\n".join(lines)
    return "".join(letter for letter in kept if unicodedata.category(letter) not in ("Cc", "Cs"))


def _folded(line: str) -> bytes:
    """Fold a content line into lines of at most 75 octets, without splitting characters (3.1)."""
    folded, octets = bytearray(), 0
    for letter in line:
        encoded = letter.encode("utf-8")
        if octets + len(encoded) > LINE_OCTETS:
            folded += b"\r\n "
            octets = 1
        folded += encoded
        octets += len(encoded)
    return bytes(folded) + b"\r\n"
