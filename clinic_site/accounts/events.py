"""Writing the access log: sign-ins, and changes of accounts and roles."""

from typing import Any

from django.contrib.auth.models import AnonymousUser

from clinic_site.accounts.models import AccessEvent, User

Person = User | AnonymousUser


def record(
    kind: AccessEvent.Kind,
    *,
    actor: Person | None = None,
    subject: Person | None = None,
    **detail: Any,
) -> AccessEvent:
    """Write an event, in the caller's transaction. ``detail`` is what JSON can hold."""
    return AccessEvent.objects.create(kind=kind, actor=_known(actor), subject=_known(subject), detail=detail)


def _known(person: Person | None) -> User | None:
    return person if isinstance(person, User) else None
