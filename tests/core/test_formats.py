"""How the staff side, Django's lists included, writes dates and times."""

from datetime import date, datetime

from django.utils.formats import localize
from django.utils.translation import override


def test_english_dates_and_times() -> None:
    with override("en"):
        assert localize(date(2026, 12, 1)) == "Tue 1 Dec 2026"
        for hour, minute, time in ((17, 30, "5:30 pm"), (9, 0, "9 am"), (12, 0, "noon"), (0, 5, "12:05 am")):
            assert localize(datetime(2026, 12, 1, hour, minute)) == f"Tue 1 Dec 2026, {time}"
