"""The colleagues who work on requests."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import User

from consultations.desk.access import WORK


def name_of(user: User) -> str:
    return user.get_full_name() or user.get_username()


def colleagues() -> list[User]:
    """Whoever may be given a request: active staff who may work on one. By name; one query."""
    found = ModelBackend().with_perm(WORK).filter(is_staff=True)
    return sorted(found, key=lambda user: name_of(user).casefold())
