"""Outgoing mail: the queue, the worker that sends it, and the staff pages of undelivered messages.

Imports ``core``, ``clinic`` and ``accounts``; knows nothing of patients and pages.
"""
