"""Calendar files that any calendar can read (RFC 5545)."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consultations import icalendar

START = datetime(2026, 11, 23, 17, 30, tzinfo=ZoneInfo("Asia/Karachi"))


def an_event(summary: str = "Appointment", location: str = "Lahore", **changes: object) -> bytes:
    values = {
        "uid": "MS-7K4Q-92XD@clinic.example",
        "sequence": 2,
        "start": START,
        "end": START + timedelta(minutes=30),
        "organizer": "desk@clinic.example",
        "attendee": "ayesha@example.com",
        "stamp": START - timedelta(days=3),
    } | changes
    return icalendar.event(summary=summary, location=location, **values)  # type: ignore[arg-type]


def properties(content: bytes) -> dict[str, str]:
    """Read back as a calendar does: unfold, then split at the first colon, then take the escapes away."""
    lines = content.decode("utf-8").replace("\r\n ", "").split("\r\n")
    pairs = (line.split(":", 1) for line in lines if line)
    return {name: re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], value) for name, value in pairs}


INVITATION = """\
BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//clinic_site//appointments//EN
METHOD:REQUEST
BEGIN:VEVENT
UID:MS-7K4Q-92XD@clinic.example
SEQUENCE:2
DTSTAMP:20261120T123000Z
DTSTART:20261123T123000Z
DTEND:20261123T130000Z
SUMMARY:Appointment
LOCATION:Lahore
ORGANIZER:mailto:desk@clinic.example
ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:ayesha@example.c
 om
STATUS:CONFIRMED
END:VEVENT
END:VCALENDAR
"""


def test_invitation_and_its_cancellation() -> None:
    invitation = an_event().decode()
    assert invitation == INVITATION.replace("\n", "\r\n")
    canceled = invitation.replace("REQUEST", "CANCEL").replace("CONFIRMED", "CANCELLED")
    assert an_event(method="CANCEL").decode() == canceled


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        an_event(start=datetime(2026, 11, 23))


@settings(max_examples=50)
@given(st.text(max_size=300), st.text(st.sampled_from("آپ کی,;\\\n\r\t:\u2028😀 n"), max_size=200))
def test_any_text_round_trips(summary: str, location: str) -> None:
    content = an_event(summary, location)
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert not set(b"\r\n") & set(b"".join(lines))
    for line in lines:
        assert len(line) <= 75
        line.decode("utf-8")  # no character is cut in two
    read = properties(content)
    assert len([line for line in lines if not line.startswith(b" ")]) == 17
    assert (read["SUMMARY"], read["LOCATION"]) == (kept(summary), kept(location))
    assert read["DTSTART"] == f"{START.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def kept(text: str) -> str:
    lines = "\n".join(text.splitlines())
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
