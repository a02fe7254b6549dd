"""The two secrets of a consultation request: the idempotency key of its form, and its private page's token.

A form carries a random key, so that sending it twice stores one request. The token is derived from the key,
so that both times lead to the same private page, although the database holds only hashes of the two.
Neither depends on ``SECRET_KEY``: changing that breaks no link.
"""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import Self

from django.core import signing

KEY_BYTES = 32
TOKEN_BYTES = 24  # 192 bits: 32 characters of an address


def _signer() -> signing.Signer:
    """Proves that the key is ours, so neither weak nor shared, and when it was made.

    Keys do not expire: a form may stay open on a phone for weeks.
    """
    return signing.Signer(salt="consultations.submission_key")


@dataclass(frozen=True)
class SubmissionKey:
    """Identifies one form. ``repr`` leaves out the secret, so that no log shows it."""

    secret: str = field(repr=False)
    # When the form was made, in seconds since 1970; 0 if unknown.
    made_at: int = field(compare=False)

    @classmethod
    def new(cls, made_at: int | None = None) -> Self:
        return cls(secrets.token_urlsafe(KEY_BYTES), int(time.time()) if made_at is None else made_at)

    @classmethod
    def from_form(cls, signed: str) -> Self | None:
        """Return the key that a form sent back; None if it is missing or not ours."""
        try:
            secret, _at, made_at = _signer().unsign(signed).partition("@")
            return cls(secret, int(made_at))
        except (signing.BadSignature, ValueError):
            return None

    def for_form(self) -> str:
        return _signer().sign(f"{self.secret}@{self.made_at}")

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=time.time() - self.made_at)

    @property
    def hash(self) -> str:
        return _sha256(f"key:{self.secret}")

    @cached_property
    def token(self) -> str:
        """The token of the private page. The key cannot be derived from it."""
        digest = hmac.digest(self.secret.encode(), b"private page", "sha256")
        return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()


def token_hash(token: str) -> str:
    return _sha256(f"token:{token}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
