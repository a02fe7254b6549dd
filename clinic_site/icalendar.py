"""One appointment as an iCalendar file (RFC 5545), to be mailed as an invitation (RFC 5546).

No health detail belongs in it: phones show calendars on their lock screens.
"""

import unicodedata
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
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//clinic_site//appointments//EN",
        f"METHOD:{method}",
        "BEGIN:VEVENT",
        f"UID:{_text(uid)}",
        f"SEQUENCE:{sequence}",
        f"DTSTAMP:{_utc(stamp)}",
        f"DTSTART:{_utc(start)}",
        f"DTEND:{_utc(end)}",
        f"SUMMARY:{_text(summary)}",
        f"LOCATION:{_text(location)}",
        f"ORGANIZER:mailto:{organizer}",
        f"ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:{attendee}",
        f"STATUS:{'CANCELLED' if method == 'CANCEL' else 'CONFIRMED'}",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return b"".join(_folded(line) for line in lines)


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
