"""Offering a time, the week, reminders by staff, and calendar feeds."""
