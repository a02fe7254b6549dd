"""Private calendar feed addresses of practitioners."""

from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import private_links
from consultations.models import CalendarFeed
from consultations.tokens import token_hash
from procedures.models import Practitioner


def create(practitioner: Practitioner, *, actor: User) -> str:
    """Return the token of a new address. Only its hash is stored."""
    token = private_links.new_token()
    CalendarFeed.objects.create(
        practitioner=practitioner, token_hash=token_hash(token), made_by=actor, made_at=timezone.now()
    )
    return token


def revoke(feed_id: int, *, actor: User) -> bool:
    """Revoke an address. Return False if no valid one has this id."""
    valid = CalendarFeed.objects.valid().filter(pk=feed_id)
    return bool(valid.update(revoked_by=actor, revoked_at=timezone.now()))
