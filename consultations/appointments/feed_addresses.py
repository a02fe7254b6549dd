"""Private calendar addresses of practitioners: made and revoked by a manager."""

from django.utils import timezone

from clinic_site.accounts.models import User
from consultations import private_links
from consultations.models import CalendarFeed
from consultations.tokens import token_hash
from procedures.models import Practitioner


def make(practitioner: Practitioner, *, actor: User) -> str:
    """A new address, as its token. It is told once: only its hash is kept."""
    token = private_links.new_token()
    CalendarFeed.objects.create(
        practitioner=practitioner, token_hash=token_hash(token), made_by=actor, made_at=timezone.now()
    )
    return token


def revoke(feed_id: int, *, actor: User) -> bool:
    """From now on the address opens nothing. False if it is revoked already, or was never made."""
    valid = CalendarFeed.objects.valid().filter(pk=feed_id)
    return bool(valid.update(revoked_by=actor, revoked_at=timezone.now()))
