"""Staff accounts with a password and an authenticator app, and the steps of signing in."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from allauth.mfa.models import Authenticator
from django.test import Client

from clinic_site.accounts.models import User
from tests.factories import staff
from tests.pages import read

EMAIL = "ayesha@clinic.example"
NOON = 1_800_000_000
PASSWORD = "correct horse battery staple"
SECRET = base64.b32encode(b"0123456789abcdefghij").decode()


def code_at(secret: str, moment: float | None = None) -> str:
    """The six digits that an app shows (RFC 6238), computed without the library that checks them."""
    counter = struct.pack(">Q", int(moment or time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def staff_with_password(role: str = "", **fields: Any) -> User:
    user = staff(role, **({"email": EMAIL} | fields))
    user.set_password(PASSWORD)
    user.save()
    return user


def set_up_totp(user: User) -> list[str]:
    """Set up two-step sign-in with ``SECRET``; returns the recovery codes."""
    Authenticator.objects.create(user=user, type="totp", data={"secret": SECRET})
    codes = Authenticator.objects.create(
        user=user, type="recovery_codes", data={"seed": "5eed", "used_mask": 0}
    )
    unused: list[str] = codes.wrap().get_unused_codes()
    return unused


def has_totp(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type="totp").exists()


def enter_password(client: Client, email: str = EMAIL, password: str = PASSWORD, to: str = "") -> Any:
    return client.post("/staff/login/", {"login": email, "password": password} | ({"next": to} if to else {}))


def enter_code(client: Client, code: str) -> Any:
    return client.post("/staff/login/code/", {"code": code})


def sign_in(client: Client) -> None:
    """With both steps, for an account of ``set_up_totp``."""
    enter_password(client)
    enter_code(client, code_at(SECRET))


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def errors_of(response: Any) -> list[str]:
    """The errors that a sign-in page shows."""
    page = read(response)
    notes = [note.text for note in page.all("p", class_="errornote")]
    return notes + [item.text for found in page.by_class("errorlist") for item in found.all("li")]
