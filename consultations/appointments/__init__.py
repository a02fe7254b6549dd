"""Availability, offered times, reminders and calendar feeds. May import lifecycle."""
