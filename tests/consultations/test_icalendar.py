"""Calendar files that any calendar can read (RFC 5545)."""

import re
import unicodedata
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consultations import icalendar

START = datetime(2026, 11, 23, 17, 30, tzinfo=ZoneInfo("Asia/Karachi"))


def an_event(summary: str = "Appointment", location: str = "Lahore", **changes: object) -> bytes:
    values = {
        "uid": "MS-7K4Q-92XD@clinic.example",
        "sequence": 0,
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


def test_a_request() -> None:
    assert an_event(sequence=2).decode() == "\r\n".join(
        [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "PRODID:-//clinic_site//appointments//EN",
            "METHOD:REQUEST",
            "BEGIN:VEVENT",
            "UID:MS-7K4Q-92XD@clinic.example",
            "SEQUENCE:2",
            "DTSTAMP:20261120T123000Z",
            "DTSTART:20261123T123000Z",
            "DTEND:20261123T130000Z",
            "SUMMARY:Appointment",
            "LOCATION:Lahore",
            "ORGANIZER:mailto:desk@clinic.example",
            "ATTENDEE;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION:mailto:ayesha@example.c",
            " om",
            "STATUS:CONFIRMED",
            "END:VEVENT",
            "END:VCALENDAR",
            "",
        ]
    )


def test_cancellation_keeps_uid() -> None:
    read = properties(an_event(method="CANCEL", sequence=3))
    assert (read["METHOD"], read["STATUS"], read["SEQUENCE"]) == ("CANCEL", "CANCELLED", "3")
    assert read["UID"] == properties(an_event())["UID"]


def test_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        an_event(start=datetime(2026, 11, 23))


@given(st.text(max_size=300), st.text(st.sampled_from("آپ کی,;\\\n\r\t:\u2028😀 n"), max_size=200))
def test_any_text_round_trips(summary: str, location: str) -> None:
    content = an_event(summary, location)
    lines = content.split(b"\r\n")
    assert lines.pop() == b""
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    for line in lines:
        assert len(line) <= 75
        line.decode("utf-8")  # no character is cut in two
    read = properties(content)
    assert len([line for line in lines if not line.startswith(b" ")]) == 17
    assert read["SUMMARY"] == kept(summary)
    assert read["LOCATION"] == kept(location)
    assert read["DTSTART"] == f"{START.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def kept(text: str) -> str:
    lines = "\n".join(text.splitlines())
    return "".join(c for c in lines if c == "\n" or unicodedata.category(c) not in ("Cc", "Cs"))
