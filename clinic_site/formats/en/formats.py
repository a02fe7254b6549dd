"""English: Tue 29 Nov 2026, 5:30 pm. ``locale/en`` writes "pm" without Django's dots."""

DATE_FORMAT = SHORT_DATE_FORMAT = "D j M Y"
TIME_FORMAT = "P"
DATETIME_FORMAT = SHORT_DATETIME_FORMAT = "D j M Y, P"
