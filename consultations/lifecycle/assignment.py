"""Assigning several requests to one colleague."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import transaction

from clinic_site.accounts.models import User
from consultations.lifecycle.staff_actions import assign
from consultations.models import ConsultationRequest


class Assigned(NamedTuple):
    changed: int
    skipped: int  # somebody else had changed them


def assign_many(versions: Mapping[int, int], to: User | None, *, actor: User) -> Assigned:
    """Assign requests, or unassign them, each with its event.

    ``versions`` maps the id of each request to the version on the screen. Missing and erased requests are
    left out.
    """
    changed = skipped = 0
    with transaction.atomic():
        # Locked in the order of their ids, so that two people who assign the same ones cannot deadlock.
        locked = ConsultationRequest.objects.select_for_update().filter(pk__in=versions, erased_at=None)
        for request in locked.order_by("pk"):
            if request.assignee_id == (to.pk if to else None):
                continue
            if request.version != versions[request.pk]:
                skipped += 1
            else:
                changed += assign(request, to, actor=actor)
    return Assigned(changed, skipped)
