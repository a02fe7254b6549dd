"""Appointments as iCalendar files (RFC 5545): one to be mailed as an invitation (RFC 5546), or many to
be subscribed to.

No health detail belongs in it: phones show calendars on their lock screens.
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
    """A calendar with one event.

    The same ``uid`` with a higher ``sequence`` replaces the event; CANCEL takes it away. Times are aware
    and end up in UTC; ``stamp`` is when this was decided. ``organizer`` and ``attendee`` are addresses
    that have been validated, as an invitation needs them.
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
    """One event of a calendar that is subscribed to. A tentative one is not agreed yet."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    stamp: datetime
    is_tentative: bool = False


def published(name: str, entries: Iterable[Entry], *, organizer: str) -> bytes:
    """A calendar of many events, to be subscribed to: what is in it no more goes from the reader's.

    Readers are asked to look again every hour; each does as it likes.
    """
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
    """An event as ``outbox.queue`` takes it."""
    return name, f"text/calendar; method={method}; charset=utf-8", content


def _utc(moment: datetime) -> str:
    if moment.tzinfo is None:
        raise ValueError("A time in a calendar names its time zone.")
    return f"{moment.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """A TEXT value: on one line, with what has a meaning in the format escaped (3.3.11)."""
    lines = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,").splitlines()
    kept = "\\n".join(lines)
    return "".join(letter for letter in kept if unicodedata.category(letter) not in ("Cc", "Cs"))


def _folded(line: str) -> bytes:
    """A content line in lines of at most 75 octets, no character cut in two (3.1)."""
    folded, octets = bytearray(), 0
    for letter in line:
        encoded = letter.encode("utf-8")
        if octets + len(encoded) > LINE_OCTETS:
            folded += b"\r\n "
            octets = 1
        folded += encoded
        octets += len(encoded)
    return bytes(folded) + b"\r\n"
