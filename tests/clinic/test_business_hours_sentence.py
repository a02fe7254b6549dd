"""Until when the clinic is open, in the words of the first page."""

from datetime import UTC, date, datetime, time

from clinic_site.clinic.business_hours import BusinessHours, opening_sentence

# Monday, in two sessions; Wednesday, past midnight. Lahore is five hours ahead of UTC.
HOURS = BusinessHours(((0, time(10), time(14)), (0, time(17), time(20)), (2, time(20), time(1))))


def test_opening_sentence() -> None:
    for day, hour, words in (
        (23, 6, "Open today until 2 pm"),
        (23, 10, "Opens today at 5 pm"),
        (23, 16, "Opens on Wednesday at 8 pm"),
        (25, 19, "Open today until 1 am"),
    ):
        assert opening_sentence(datetime(2026, 11, day, hour, tzinfo=UTC), hours=HOURS) == words
    assert opening_sentence(datetime(2026, 11, 23, tzinfo=UTC), hours=BusinessHours(())) == ""


def test_opening_after_a_long_closure_has_its_date() -> None:
    closed = BusinessHours(HOURS.sessions, ((date(2026, 11, 23), date(2026, 12, 1)),))
    sentence = opening_sentence(datetime(2026, 11, 23, 6, tzinfo=UTC), hours=closed)
    assert sentence == "Opens on Wednesday 2 December at 8 pm"
