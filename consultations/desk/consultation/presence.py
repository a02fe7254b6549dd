"""Who of the staff has a request open at this moment, so that two people see each other.

A page that is opened writes a row, and its script keeps the row fresh. That is no work: the script says
that nobody pressed anything, so an idle session still ends.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from clinic_site.accounts.models import User
from consultations.desk.assignees import name_of
from consultations.models import ConsultationRequest, Event, Presence
from consultations.staff_pages import VIEW, WORK, member, page

# A row that is older belongs to a page that was closed.
FRESH = timedelta(minutes=2)


@dataclass(frozen=True)
class Colleague:
    """Somebody who works with requests; ``since`` is when they opened this one, None if they have not."""

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
    """Everybody who works with requests, the person who asks among them, by name. One query.

    Whoever may only look is not among them: nobody's work collides with theirs.
    """
    here = Presence.objects.filter(request=request_id, user=OuterRef("pk"), seen_at__gt=now - FRESH)
    users = (
        ModelBackend()
        .with_perm(WORK)
        .filter(is_staff=True)
        .annotate(since=Subquery(here.values("opened_at")))
    )
    found = [Colleague(user, user.since) for user in users]
    return sorted(found, key=lambda person: person.name.casefold())


def others(people: list[Colleague], me: User) -> list[Colleague]:
    """Those of ``people`` who have the request open, but for oneself; who was there first stands first."""
    return sorted(
        (person for person in people if person.since and person.pk != me.pk),
        key=lambda person: person.since or timezone.now(),
    )


def note(request: ConsultationRequest, me: User, people: list[Colleague], now: datetime) -> None:
    """I have it open: since now, or still. One statement, which two windows may run at once."""
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
    """The page is still open. Answers with who else has it open, and whether it is out of date.

    ``newest`` is the id of the newest event that the page shows.
    """
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    shown = opened(consultation, member(request))
    shown["is_out_of_date"] = str(shown["newest"]) != request.POST.get("newest", "")
    html = render_to_string("consultations/desk/consultation/present.html", shown)
    return JsonResponse({"html": html, "said": said(shown)})


def opened(consultation: ConsultationRequest, me: User) -> dict[str, Any]:
    """Notes that I have it open, and gives what ``presence.html`` shows. Three queries."""
    now = timezone.now()
    people = colleagues(consultation.pk, now)
    note(consultation, me, people, now)
    newest = Event.objects.filter(request=consultation).order_by("-pk").values_list("pk", flat=True).first()
    shown = {"consultation": consultation, "newest": newest or 0, **present(people, me, now)}
    return shown | {"said": said(shown)}


def present(people: list[Colleague], me: User, now: datetime) -> dict[str, list[str]]:
    """What the page says of who else is there: sentences, and the names alone."""
    found = others(people, me)
    return {"present": [person.here(now) for person in found], "names": [person.name for person in found]}


def said(shown: dict[str, object]) -> str:
    """What a screen reader says aloud when it changes: who is there, without the minutes."""
    names = shown["names"]
    assert isinstance(names, list)
    sentences = [_("%(name)s has this open too.") % {"name": name} for name in names]
    if shown.get("is_out_of_date"):
        sentences.append(_("This request has changed since you opened it."))
    return " ".join(sentences)
