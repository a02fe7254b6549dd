"""Links to private pages. Only hashes are stored, so each message contains a new link."""

import secrets

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from consultations.models import ConsultationRequest, PrivateLink
from consultations.tokens import TOKEN_BYTES, token_hash


def new_token() -> str:
    return secrets.token_urlsafe(TOKEN_BYTES)


def address_of(token: str) -> str:
    """Return the full URL of the private page that a token opens."""
    return str(settings.SITE_URL) + reverse("consultations:private", args=[token])


def new_link(consultation: ConsultationRequest) -> str:
    """Store one more link to a request's private page and return its URL."""
    token = new_token()
    PrivateLink.objects.create(request=consultation, token_hash=token_hash(token), made_at=timezone.now())
    return address_of(token)
