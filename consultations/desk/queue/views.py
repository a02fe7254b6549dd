"""The queue of requests, the search, and actions on several requests at once."""

import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, ngettext_lazy

from clinic_site.accounts.models import User
from clinic_site.admin_site import find_records
from clinic_site.clinic import business_hours
from clinic_site.core.http.responses import SeeOther
from clinic_site.core.text import fold_text
from consultations.desk.assignees import assignee_choices, colleagues
from consultations.desk.queue.rows import Row
from consultations.desk.queue.tabs import DEFAULT, NOBODY, TABS, TO_DO, Filters, Scope, count_tabs
from consultations.lifecycle import disclosures, staff_actions
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.staff_pages import GET_AND_POST, POST, VIEW, WORK, member, page, show
from consultations.workflow import Status

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as LazyWords

ROWS = 50
MAX_LISTED = 1000  # an offset is quick up to here, and nobody reads further
MAX_SEARCH_LENGTH = 200
MAX_SEARCHES = 10
SEARCHES_IN_SESSION = "desk_searches"
SECONDS = re.compile("[0-9]{10}[.][0-9]{6}")
# A selected request: its id, and its version on the screen.
SELECTED = re.compile("([0-9]{1,18})-([0-9]{1,9})")

SELECT_FIRST = gettext_lazy("Select requests first. No changes were saved.")
ASSIGNED = ngettext_lazy(
    "%(count)d request is now assigned to %(name)s.",
    "%(count)d requests are now assigned to %(name)s.",
    "count",
)
UNASSIGNED = ngettext_lazy(
    "%(count)d request is now unassigned.", "%(count)d requests are now unassigned.", "count"
)
NOT_ASSIGNED = ngettext_lazy(
    "%(count)d request was changed by someone else and not assigned. Check it and try again.",
    "%(count)d requests were changed by someone else and not assigned. Check them and try again.",
    "count",
)
# The statuses that held requests can be given together.
MOVED = {
    Status.NEW: ngettext_lazy(
        "%(count)d request is now in the queue.", "%(count)d requests are now in the queue.", "count"
    ),
    Status.QUARANTINED: ngettext_lazy(
        "%(count)d request is now set aside as spam.",
        "%(count)d requests are now set aside as spam.",
        "count",
    ),
}
NOT_MOVED = ngettext_lazy(
    "%(count)d request was changed by someone else and not moved. Check it and try again.",
    "%(count)d requests were changed by someone else and not moved. Check them and try again.",
    "count",
)


@page(VIEW)
def queue(request: HttpRequest) -> HttpResponse:
    """Show a tab of the queue: ``?tab=``, ``?page=``, ``?select=all`` and the fields of the filters."""
    user, tab, people = member(request), TABS.get(request.GET.get("tab", ""), DEFAULT), colleagues()
    filters = Filters(request.GET, user, assignee_choices(people))
    found = filters.narrow(tab.requests(Scope(user, timezone.now()))).select_related("assignee")
    listed = Paginator(found[:MAX_LISTED], ROWS).get_page(request.GET.get("page"))
    disclosures.record(user, listed.object_list, Disclosure.Kind.LISTED)
    return _show(
        request,
        listed.object_list,
        people,
        title=str(tab.label),
        tab=tab,
        filters=filters,
        listed=listed,
        is_cut_off=listed.paginator.count == MAX_LISTED and not listed.has_next(),
    )


@page(VIEW)
def new_requests(request: HttpRequest) -> JsonResponse:
    """Return how many requests have come ``?since=``, in seconds since 1970, for a page that shows them."""
    count, since = 0, request.GET.get("since", "")
    if SECONDS.fullmatch(since):
        opened_at = datetime.fromtimestamp(float(since), UTC)
        # Staff know of those that they took.
        sent = ConsultationRequest.objects.waiting().filter(taken_by=None)
        count = sent.filter(created_at__gt=opened_at).count()
    text = ngettext("%(count)d new request – Show", "%(count)d new requests – Show", count) % {"count": count}
    return JsonResponse({"count": count, "text": text})


@page(VIEW, methods=GET_AND_POST)
def search(request: HttpRequest) -> HttpResponse:
    """Search all requests by POST, and redirect to the results, ``?search=``.

    Names and numbers are kept neither in an address nor in the session, where they would outlive an erasure:
    the session holds only the ids found, and other records of the admin, under a random key. A search for
    nothing removes them.
    """
    searches: dict[str, dict[str, list[Any]]] = request.session.get(SEARCHES_IN_SESSION, {})
    if request.method == "POST":
        text = request.POST.get("text", "")[:MAX_SEARCH_LENGTH].strip()
        if not fold_text(text):
            request.session.pop(SEARCHES_IN_SESSION, None)
            return SeeOther(reverse("desk:queue"))
        found_ids = list(ConsultationRequest.objects.search(text).values_list("pk", flat=True)[: ROWS + 1])
        key = secrets.token_urlsafe(6)
        found = {"ids": found_ids, "records": find_records(request, text)}
        request.session[SEARCHES_IN_SESSION] = dict([*searches.items(), (key, found)][-MAX_SEARCHES:])
        return SeeOther(reverse("desk:queue_search", query={"search": key}))
    result = searches.get(request.GET.get("search", ""))
    if result is None:
        return SeeOther(reverse("desk:queue"))
    ids = result["ids"]
    by_id = ConsultationRequest.objects.select_related("assignee").in_bulk(ids[:ROWS])
    requests = [by_id[pk] for pk in ids if pk in by_id]
    disclosures.record(member(request), requests, Disclosure.Kind.FOUND)
    return _show(
        request,
        requests,
        colleagues(),
        title=_("Search results"),
        has_more=len(ids) > ROWS,
        found=result["records"],
    )


@page(VIEW, WORK, methods=POST)
def assign(request: HttpRequest) -> HttpResponse:
    """Assign the selected requests to a colleague, or unassign them, and redirect to the list.

    ``back`` is the query of the list, a tab or a search.
    """
    versions, to = _selected(request), request.POST.get("to", "")
    person = next((person for person in colleagues() if str(person.pk) == to), None)
    if not versions:
        messages.error(request, SELECT_FIRST)
    elif person is None and to != NOBODY:
        messages.error(request, _("Choose a colleague from the list. No changes were saved."))
    else:
        result = staff_actions.assign_many(versions, person, actor=member(request))
        _report(request, result, ASSIGNED if person else UNASSIGNED, NOT_ASSIGNED, name=person)
    return _back(request)


@page(VIEW, WORK, methods=POST)
def move_held(request: HttpRequest) -> HttpResponse:
    """Move the selected held requests to the queue, or set them aside as spam, and redirect to the list."""
    versions, to = _selected(request), request.POST.get("status")
    if not versions:
        messages.error(request, SELECT_FIRST)
    elif to not in MOVED:
        messages.error(request, _("Choose what to do with the requests. No changes were saved."))
    else:
        status = Status(to)
        result = staff_actions.move_held(versions, status, actor=member(request))
        _report(request, result, MOVED[status], NOT_MOVED)
    return _back(request)


def _selected(request: HttpRequest) -> dict[int, int]:
    """Return the version on the screen of each selected request, by id."""
    selected = map(SELECTED.fullmatch, request.POST.getlist("request")[:ROWS])
    return {int(found[1]): int(found[2]) for found in selected if found}


def _back(request: HttpRequest) -> HttpResponse:
    """Redirect to the list whose query is ``back``, with nothing selected."""
    back = QueryDict(request.POST.get("back", "")[:500], mutable=True)
    back.pop("select", None)
    return SeeOther(reverse("desk:queue_search" if "search" in back else "desk:queue", query=back or None))


def _report(
    request: HttpRequest,
    result: staff_actions.BulkResult,
    done: "LazyWords",
    not_done: "LazyWords",
    **values: object,
) -> None:
    """Show how many requests were changed, and how many were skipped."""
    if result.changed:
        messages.success(request, done % {"count": result.changed, **values})
    if result.skipped:
        messages.warning(request, not_done % {"count": result.skipped})
    if not result.changed and not result.skipped:
        messages.info(request, _("No changes were needed."))


def _show(
    request: HttpRequest,
    requests: Iterable[ConsultationRequest],
    people: list[User],
    *,
    title: str,
    **context: Any,
) -> HttpResponse:
    scope, hours = Scope(member(request), timezone.now()), business_hours.load()
    requests = list(requests)
    live = Appointment.objects.live().filter(request__in=requests)
    appointments = {appointment.request_id: appointment for appointment in live}
    counts = count_tabs(scope, TABS.values())
    numbers = [(tab, counts[tab.name]) for tab in TABS.values()]
    return show(
        request,
        "consultations/desk/queue/queue.html",
        {
            "tab_groups": (numbers[: len(TO_DO)], numbers[len(TO_DO) :]),
            "rows": [Row(found, hours, scope.now, appointments.get(found.pk)) for found in requests],
            "people": people,
            "may_assign": request.user.has_perm(WORK),
            **context,
        },
        title=title,
    )
