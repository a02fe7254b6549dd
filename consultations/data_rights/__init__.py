"""Retention, erasure, subject access, privacy notices, exports and the audit log. May import the portal."""
