"""Presence: which staff members have a request open right now.

Opening a page writes a row, and the page's script keeps it fresh. The script marks its requests as
background ones, so that an idle session still ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from clinic_site.accounts.models import User
from consultations.desk.assignees import able_users, name_of
from consultations.models import ConsultationRequest, Presence
from consultations.staff_pages import VIEW, member, page

# An older row belongs to a page that was closed.
FRESH = timedelta(minutes=2)


@dataclass(frozen=True)
class Colleague:
    """A staff member who works with requests. ``since``: when they opened this one, None if not open."""

    user: User
    since: datetime | None

    @property
    def pk(self) -> int:
        return self.user.pk

    @property
    def name(self) -> str:
        return name_of(self.user)

    def here(self, now: datetime) -> str:
        """ "Sana Malik has had this open for 3 minutes"."""
        minutes = int((now - self.since).total_seconds() // 60) if self.since else 0
        if minutes < 1:
            return _("%(name)s has just opened this too.") % {"name": self.name}
        return ngettext(
            "%(name)s has had this open for %(count)d minute.",
            "%(name)s has had this open for %(count)d minutes.",
            minutes,
        ) % {"name": self.name, "count": minutes}


def colleagues(request_id: int, now: datetime) -> list[Colleague]:
    """Return all staff who may work on requests, by name, including the person asking. One query."""
    here = Presence.objects.filter(request=request_id, user=OuterRef("pk"), seen_at__gt=now - FRESH)
    users = able_users().annotate(since=Subquery(here.values("opened_at")))
    found = [Colleague(user, user.since) for user in users]
    return sorted(found, key=lambda person: person.name.casefold())


def record_presence(request: ConsultationRequest, me: User, people: list[Colleague], now: datetime) -> None:
    """Record that I have the request open. One statement, which two windows may run at once."""
    is_still_open = any(person.since for person in people if person.pk == me.pk)
    Presence.objects.bulk_create(
        [Presence(request=request, user=me, opened_at=now, seen_at=now)],
        update_conflicts=True,
        unique_fields=["request", "user"],
        update_fields=["seen_at"] if is_still_open else ["opened_at", "seen_at"],
    )


@page(VIEW)
@require_POST
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the page present. Answers with who else has it open and whether ``version`` is out of date."""
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    context = opened(consultation, member(request))
    context["is_out_of_date"] = str(consultation.version) != request.POST.get("version", "")
    html = render_to_string("consultations/desk/consultation/present.html", context)
    return JsonResponse({"html": html, "announcement": announcement(context)})


def opened(consultation: ConsultationRequest, me: User) -> dict[str, Any]:
    """Record my presence and return the context of ``presence.html``. Two queries."""
    now = timezone.now()
    people = colleagues(consultation.pk, now)
    record_presence(consultation, me, people, now)
    context = {"consultation": consultation, **presence_context(people, me, now)}
    return context | {"announcement": announcement(context)}


def presence_context(people: list[Colleague], me: User, now: datetime) -> dict[str, list[str]]:
    """Return sentences about the others who have the request open, first come first, and their names."""
    others = sorted(
        (person for person in people if person.since and person.pk != me.pk),
        key=lambda person: person.since or now,
    )
    return {"present": [person.here(now) for person in others], "names": [person.name for person in others]}


def announcement(context: dict[str, Any]) -> str:
    """What a screen reader announces when it changes: who is there, without the minutes."""
    sentences = [_("%(name)s has this open too.") % {"name": name} for name in context["names"]]
    if context.get("is_out_of_date"):
        sentences.append(_("This request has changed since you opened it."))
    return " ".join(sentences)
