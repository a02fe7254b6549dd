"""iCalendar files (RFC 5545): one appointment as an invitation (RFC 5546), or a feed of many.

They hold no health details: phones show calendar entries on the lock screen.
"""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

Method = Literal["REQUEST", "CANCEL", "PUBLISH"]
LINE_OCTETS = 75
INVITED = "ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION"


@dataclass(frozen=True)
class Entry:
    """An event. The same ``uid`` with a higher ``sequence`` replaces it; ``stamp`` is when it was changed."""

    uid: str
    sequence: int
    start: datetime
    end: datetime
    summary: str
    stamp: datetime
    status: Literal["CONFIRMED", "TENTATIVE", "CANCELLED"] = "CONFIRMED"

    def lines(self, *more: str) -> list[str]:
        return [
            "BEGIN:VEVENT",
            f"UID:{_text(self.uid)}",
            f"SEQUENCE:{self.sequence}",
            f"DTSTAMP:{_utc(self.stamp)}",
            f"DTSTART:{_utc(self.start)}",
            f"DTEND:{_utc(self.end)}",
            f"SUMMARY:{_text(self.summary)}",
            *more,
            f"STATUS:{self.status}",
            "END:VEVENT",
        ]


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
    """Return a calendar with one event, to add or (CANCEL) remove. The addresses have been validated.

    A PUBLISH calendar is a copy to download: it has no attendee.
    """
    status: Literal["CONFIRMED", "CANCELLED"] = "CANCELLED" if method == "CANCEL" else "CONFIRMED"
    entry = Entry(uid, sequence, start, end, summary, stamp, status)
    return _calendar(
        method,
        entry.lines(
            f"LOCATION:{_text(location)}",
            f"ORGANIZER:mailto:{organizer}",
            *([] if method == "PUBLISH" else [f"ATTENDEE;{INVITED}:mailto:{attendee}"]),
        ),
    )


def published(name: str, entries: Iterable[Entry], *, organizer: str) -> bytes:
    """Return a feed. Subscribed apps remove events that are no longer in it, and are asked to poll hourly."""
    lines = [f"NAME:{_text(name)}", f"X-WR-CALNAME:{_text(name)}"]
    lines += ["REFRESH-INTERVAL;VALUE=DURATION:PT1H", "X-PUBLISHED-TTL:PT1H"]
    for entry in entries:
        lines += entry.lines(f"ORGANIZER:mailto:{organizer}", "CLASS:PRIVATE")
    return _calendar("PUBLISH", lines)


def attachment(name: str, content: bytes, method: Method = "REQUEST") -> tuple[str, str, bytes]:
    """Return the attachment as ``mail.queue.queue`` takes it."""
    return name, f"text/calendar; method={method}; charset=utf-8", content


def _calendar(method: str, lines: list[str]) -> bytes:
    begin = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//clinic_site//appointments//EN", f"METHOD:{method}"]
    return b"".join(_folded(line) for line in [*begin, *lines, "END:VCALENDAR"])


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
