"""Staff who can be assigned a request."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.models import ConsultationRequest
from consultations.staff_pages import WORK

U = TypeVar("U", bound=User)


def assignable() -> QuerySet[User]:
    """The active staff who may work on requests."""
    found: QuerySet[User] = ModelBackend().with_perm(WORK)
    return found.filter(is_staff=True)


def colleagues() -> list[User]:
    """Return the assignable staff by name. One query."""
    return by_name(assignable())


def by_name(users: Iterable[U]) -> list[U]:
    return sorted(users, key=lambda user: str(user).casefold())


def assignee_choices(people: Sequence[User]) -> list[tuple[str, str]]:
    """Return the choices of the filter: ``people``, then former colleagues who still have open requests.

    One query.
    """
    theirs = ConsultationRequest.objects.filter(assignee=OuterRef("pk"), status__in=workflow.OPEN)
    former = User.objects.filter(Exists(theirs)).exclude(pk__in=[person.pk for person in people])
    left = _("%(name)s (no longer at the desk)")
    return [
        *((str(person.pk), str(person)) for person in people),
        *((str(person.pk), left % {"name": person}) for person in by_name(former)),
    ]
