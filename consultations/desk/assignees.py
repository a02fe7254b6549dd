"""Staff who can be assigned a request."""

from collections.abc import Sequence

from django.contrib.auth.backends import ModelBackend
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from consultations import workflow
from consultations.models import ConsultationRequest
from consultations.staff_pages import WORK


def name_of(user: User) -> str:
    return str(user)


def colleagues() -> list[User]:
    """Return the active staff who may work on requests, by name. One query."""
    return _by_name(able_users())


def is_colleague(user: User) -> bool:
    return able_users().filter(pk=user.pk).exists()


def holders(people: Sequence[User]) -> list[tuple[str, str]]:
    """Return choices of assignees: the colleagues, then former ones who still have open requests.

    One query.
    """
    theirs = ConsultationRequest.objects.filter(assignee=OuterRef("pk"), status__in=workflow.OPEN)
    former = User.objects.filter(Exists(theirs)).exclude(pk__in=[person.pk for person in people])
    return [
        *((str(person.pk), name_of(person)) for person in people),
        *(
            (str(p.pk), _("%(name)s (no longer at the desk)") % {"name": name_of(p)})
            for p in _by_name(former)
        ),
    ]


def able_users() -> QuerySet[User]:
    found: QuerySet[User] = ModelBackend().with_perm(WORK)
    return found.filter(is_staff=True)


def _by_name(users: QuerySet[User]) -> list[User]:
    return sorted(users, key=lambda user: name_of(user).casefold())
