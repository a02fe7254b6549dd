"""Waiting times of requests until the first contact, for the statistics and the figure shown to patients."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from clinic_site.clinic.business_hours import BusinessHours
from consultations import workflow
from consultations.models import ConsultationRequest, ConsultationRequestQuerySet


@dataclass(frozen=True)
class Waits:
    """Waiting times until the first contact. ``answered`` is sorted; the other requests had no contact."""

    requests: int
    answered: tuple[timedelta, ...]

    def hours_for(self, percent: int) -> float | None:
        """Return the percentile over *all* requests in hours, by nearest rank.

        Requests without a contact count as slower than all others; None where the rank falls among them.
        """
        rank = -(-self.requests * percent // 100)
        return self.answered[rank - 1] / timedelta(hours=1) if 0 < rank <= len(self.answered) else None


def counted() -> ConsultationRequestQuerySet:
    """All requests but suspected spam."""
    return ConsultationRequest.objects.exclude(status__in=workflow.SET_ASIDE)


def waits_of(requests: Iterable[Any], hours: BusinessHours) -> Waits:
    """Return how long requests waited, in clinic hours; by the clock where staff entered no opening hours.

    ``requests`` have ``created_at`` and ``first_contact_at``.
    """
    pairs = [(request.created_at, request.first_contact_at) for request in requests]
    answered = [
        hours.clinic_time_between(sent_at, contact)
        if hours.sessions
        else max(contact - sent_at, timedelta(0))
        for sent_at, contact in pairs
        if contact is not None
    ]
    return Waits(len(pairs), tuple(sorted(answered)))
