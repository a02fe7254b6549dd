"""Presence: which staff members have a request open right now.

Opening a page writes a row, and the page's script keeps it fresh. The script marks its requests as
background ones, so that an idle session still ends.
"""

from datetime import timedelta
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _

from clinic_site.accounts.models import User
from consultations.desk.assignees import assignable, by_name
from consultations.models import ConsultationRequest, Presence
from consultations.staff_pages import POST, VIEW, member, page

# An older row belongs to a page that was closed.
FRESH = timedelta(minutes=2)


@page(VIEW, methods=POST)
def presence(request: HttpRequest, pk: int) -> HttpResponse:
    """Keep the page present. Answers with who else has it open and whether ``version`` is out of date."""
    consultation = get_object_or_404(ConsultationRequest, pk=pk)
    context = opened(consultation, member(request))
    if str(consultation.version) != request.POST.get("version", ""):
        changed = _("This request has changed since you opened it.")
        context["is_out_of_date"] = True
        context["announcement"] = f"{context['announcement']} {changed}".strip()
    html = render_to_string("consultations/desk/consultation/present.html", context)
    return JsonResponse({"html": html, "announcement": context["announcement"]})


def opened(consultation: ConsultationRequest, me: User) -> dict[str, Any]:
    """Record that I have the request open, and return the context of ``presence.html``. Two queries.

    ``others`` are the names of the colleagues who have it open, too, first come first, with the minutes
    since. ``announcement`` is read aloud when it changes, so it has no minutes. ``colleagues`` are all staff
    who can be assigned the request, by name.
    """
    now = timezone.now()
    here = Presence.objects.filter(request=consultation, user=OuterRef("pk"), seen_at__gt=now - FRESH)
    colleagues = by_name(assignable().annotate(opened_at=Subquery(here.values("opened_at"))))
    present = sorted((user.opened_at, user.pk, str(user)) for user in colleagues if user.opened_at)
    is_still_open = any(pk == me.pk for _at, pk, _name in present)
    # One statement, which two windows may run at once.
    Presence.objects.bulk_create(
        [Presence(request=consultation, user=me, opened_at=now, seen_at=now)],
        update_conflicts=True,
        unique_fields=["request", "user"],
        update_fields=["seen_at"] if is_still_open else ["opened_at", "seen_at"],
    )
    others = [
        (name, (now - opened_at) // timedelta(minutes=1)) for opened_at, pk, name in present if pk != me.pk
    ]
    announcement = " ".join(_("%(name)s has this open too.") % {"name": name} for name, _minutes in others)
    return {
        "consultation": consultation,
        "others": others,
        "announcement": announcement,
        "colleagues": colleagues,
    }
