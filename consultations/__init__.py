"""Consultation requests, appointments, messages, and the staff's desk. May import procedures."""
