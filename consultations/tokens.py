"""The two secrets of a request: the key its form was made with, and the token of its private page.

A form carries a random key, made with it and sent with it. The key is why sending twice stores once;
the token, made from the key, is why both times lead to the same private page, although the database
holds nothing but hashes of the two. Neither depends on ``SECRET_KEY``: changing that breaks no link.
"""

import hashlib
import hmac
import json
import secrets
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Self

from django.core import signing

KEY_BYTES = 32
TOKEN_BYTES = 24  # 192 bits: 32 characters of an address


def _signer() -> signing.Signer:
    """Keeps out keys that we did not make, which may be weak or shared, and vouches for when they were made.

    No key is ever too old: a form may stay open for days on a phone, and still counts.
    """
    return signing.Signer(salt="consultations.submission_key")


@dataclass(frozen=True)
class SubmissionKey:
    """One filled-in form. ``repr`` does not show the secret, so that no log does."""

    secret: str = field(repr=False)
    # Seconds since 1970, when the form was made; 0 where nobody knows any more.
    made_at: int = field(compare=False)

    @classmethod
    def new(cls) -> Self:
        return cls(secrets.token_urlsafe(KEY_BYTES), int(time.time()))

    @classmethod
    def in_place_of_another(cls) -> Self:
        """For a form whose own key can no longer be read. It was made before, who knows when."""
        return cls(secrets.token_urlsafe(KEY_BYTES), 0)

    def for_patient(self, name: str, age: int | None) -> Self:
        """For another patient than whom this form was sent for first: the same patient, the same key.

        Whoever has the form's key has this one; its token leads to no other patient's key or token.
        """
        patient = json.dumps(["another patient", name, age])
        digest = hmac.digest(self.secret.encode(), patient.encode(), "sha256")
        return type(self)(urlsafe_b64encode(digest).decode().rstrip("="), self.made_at)

    @classmethod
    def from_form(cls, signed: str) -> Self | None:
        """The key that a form sent back; None when it is missing, or not one that we made."""
        try:
            secret, _at, made_at = _signer().unsign(signed).partition("@")
            return cls(secret, int(made_at))
        except (signing.BadSignature, ValueError):
            return None

    def for_form(self) -> str:
        return _signer().sign(f"{self.secret}@{self.made_at}")

    @property
    def age(self) -> timedelta:
        """How long ago the form was made, to the second."""
        return timedelta(seconds=time.time() - self.made_at)

    @property
    def hash(self) -> str:
        return _sha256(f"key:{self.secret}")

    @property
    def token(self) -> str:
        """The token of the private page. Whoever has the key has the token; not the other way round."""
        digest = hmac.digest(self.secret.encode(), b"private page", "sha256")
        return urlsafe_b64encode(digest[:TOKEN_BYTES]).decode()


def token_hash(token: str) -> str:
    return _sha256(f"token:{token}")


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
