"""Giving many requests to one colleague."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction

from clinic_site.accounts.models import User
from consultations.lifecycle.staff_actions import assign
from consultations.models import ConsultationRequest


class Assigned(NamedTuple):
    changed: int
    # Those that somebody else gave to another meanwhile: they stay with that person.
    overtaken: int


def assign_many(seen: Mapping[int, int | None], to: User | None, *, actor: User) -> Assigned:
    """Give requests to somebody, or to nobody, each with its event.

    ``seen`` is, by each request's key, who had it on the screen. Requests that do not exist any more, or
    are erased, are left out.
    """
    changed = overtaken = 0
    with transaction.atomic():
        # In the order of their keys: two who assign the same ones wait for each other, and never forever.
        locked = ConsultationRequest.objects.select_for_update().filter(pk__in=seen, erased_at=None)
        for request in locked.order_by("pk"):
            if request.assignee_id == (to.pk if to else None):
                continue
            if request.assignee_id != seen[request.pk]:
                overtaken += 1
            else:
                changed += assign(request, to, actor=actor)
    return Assigned(changed, overtaken)
