"""The admin classes of this app, found here by Django's autodiscovery."""

from procedures.staff import feedback_admin, page_admin

__all__ = ["feedback_admin", "page_admin"]
