"""Somebody of the staff with a password and a phone."""

import base64
import hashlib
import hmac
import struct
import time
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.test import Client

from clinic_site.accounts.models import User
from tests.factories import staff
from tests.pages import read

PASSWORD = "correct horse battery staple"
SECRET = base64.b32encode(b"0123456789abcdefghij").decode()


def code_at(secret: str, moment: float | None = None) -> str:
    """The six digits that an app shows (RFC 6238), reckoned without the library that checks them."""
    counter = struct.pack(">Q", int(moment or time.time()) // 30)
    digest = hmac.new(base64.b32decode(secret), counter, hashlib.sha1).digest()
    start = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[start : start + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


def a_person(role: str = "", **fields: Any) -> User:
    user = staff(role, **({"username": "ayesha", "email": "ayesha@clinic.example"} | fields))
    user.set_password(PASSWORD)
    user.save()
    return user


def with_phone(user: User, secret: str = SECRET) -> list[str]:
    """Two-step sign-in is set up; gives the recovery codes."""
    TOTP.activate(user, secret)
    codes: list[str] = RecoveryCodes.activate(user).get_unused_codes()
    return codes


def has_phone(user: User) -> bool:
    return Authenticator.objects.filter(user=user, type="totp").exists()


def gives_password(client: Client, name: str = "ayesha", password: str = PASSWORD, to: str = "") -> Any:
    return client.post("/staff/login/", {"login": name, "password": password} | ({"next": to} if to else {}))


def gives_code(client: Client, code: str) -> Any:
    return client.post("/staff/login/code/", {"code": code})


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def errors_of(response: Any) -> list[str]:
    """What a page of signing in says is wrong."""
    page = read(response)
    notes = [note.text for note in page.all("p", class_="errornote")]
    lists = [found for found in page.all("ul") if "errorlist" in found.get("class")]
    return notes + [item.text for found in lists for item in found.all("li")]
