"""The queue of requests, the search, and assigning several requests at once."""

import secrets
from collections.abc import Sequence
from itertools import islice
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from clinic_site.accounts.models import User
from clinic_site.clinic import business_hours
from clinic_site.core.http.responses import SeeOther
from consultations.desk.assignees import colleagues, holders, name_of
from consultations.desk.queue.rows import Row
from consultations.desk.queue.tabs import (
    BY_STATUS,
    NOBODY,
    TO_DO,
    Filters,
    Scope,
    Tab,
    count_tabs,
    query_of,
    tab_of,
)
from consultations.lifecycle import disclosures, staff_actions
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.staff_pages import VIEW, WORK, member, page, show
from consultations.text_folding import fold_text

ROWS = 50
MAX_PAGES = 20  # an offset is quick up to a thousand rows, and nobody reads further
MAX_SEARCH_LENGTH = 200
MAX_SEARCHES = 10
SEARCHES_IN_SESSION = "desk_searches"

Requests = Sequence[ConsultationRequest]


@require_safe
@page(VIEW)
def queue(request: HttpRequest) -> HttpResponse:
    """Show a tab of the queue: ``?tab=``, ``?page=`` and the fields of the filters."""
    user, tab = member(request), tab_of(request.GET.get("tab", ""))
    scope, people, number = Scope(user, timezone.now()), colleagues(), _page_number(request.GET)
    filters = Filters(request.GET, user, holders(people))
    start = (number - 1) * ROWS
    # One more than is shown, to know whether there is another page.
    found = filters.narrow(tab.requests(scope)).select_related("assignee")[start : start + ROWS + 1]
    requests, has_more = _first_rows(found)
    disclosures.record(user, requests, Disclosure.Kind.LISTED)
    return _show(
        request,
        scope,
        requests,
        people,
        title=tab.label,
        tab=tab,
        filters=filters,
        back=query_of(tab, filters.query, number),
        previous=query_of(tab, filters.query, number - 1) if number > 1 else None,
        next=query_of(tab, filters.query, number + 1) if has_more and number < MAX_PAGES else None,
        page_number=number,
        is_cut_off=has_more and number == MAX_PAGES,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(VIEW)
def search(request: HttpRequest) -> HttpResponse:
    """Search all requests by POST, and redirect to the results, ``?search=``.

    Names and numbers are kept neither in an address nor in the session, where they would outlive an erasure:
    the session holds only the ids found, under a random key. A search for nothing removes them.
    """
    if request.method == "POST":
        text = request.POST.get("text", "")[:MAX_SEARCH_LENGTH].strip()
        if not fold_text(text):
            request.session.pop(SEARCHES_IN_SESSION, None)
            return SeeOther(reverse("desk:queue"))
        found_ids = list(ConsultationRequest.objects.search(text).values_list("pk", flat=True)[: ROWS + 1])
        key, earlier = secrets.token_urlsafe(6), list(_searches(request).items())
        request.session[SEARCHES_IN_SESSION] = dict([*earlier, (key, found_ids)][-MAX_SEARCHES:])
        return SeeOther(_search_address(key))
    ids = _searches(request).get(request.GET.get("search", ""))
    if ids is None:
        return SeeOther(reverse("desk:queue"))
    user = member(request)
    by_id = ConsultationRequest.objects.select_related("assignee").in_bulk(ids[:ROWS])
    requests = [by_id[pk] for pk in ids if pk in by_id]
    disclosures.record(user, requests, Disclosure.Kind.FOUND)
    return _show(
        request,
        Scope(user, timezone.now()),
        requests,
        colleagues(),
        title=_("Search results"),
        back=request.GET.urlencode(),
        has_more=len(ids) > ROWS,
    )


@require_http_methods(["POST"])
@page(VIEW, WORK)
def assign(request: HttpRequest) -> HttpResponse:
    """Assign the selected requests to a colleague, or unassign them, and redirect to the list.

    Each ``request`` is "id-version" as on the screen.
    """
    people = colleagues()
    versions = dict(islice(filter(None, map(_selected, request.POST.getlist("request"))), ROWS))
    to = request.POST.get("to", "")
    person = next((person for person in people if str(person.pk) == to), None)
    if not versions:
        messages.error(request, _("Select requests first. No changes were saved."))
    elif person is None and to != NOBODY:
        messages.error(request, _("Choose a colleague from the list. No changes were saved."))
    else:
        _report(request, staff_actions.assign_many(versions, person, actor=member(request)), person)
    return SeeOther(_list_address(request, people))


def _report(request: HttpRequest, assigned: staff_actions.Assigned, person: User | None) -> None:
    count, skipped = assigned
    if count and person:
        sentence = ngettext(
            "%(count)d request is now assigned to %(name)s.",
            "%(count)d requests are now assigned to %(name)s.",
            count,
        )
        messages.success(request, sentence % {"count": count, "name": name_of(person)})
    elif count:
        sentence = ngettext(
            "%(count)d request is now unassigned.", "%(count)d requests are now unassigned.", count
        )
        messages.success(request, sentence % {"count": count})
    elif not skipped:
        messages.info(request, _("No changes were needed."))
    if skipped:
        sentence = ngettext(
            "%(count)d request was changed by someone else and not assigned. Check it and try again.",
            "%(count)d requests were changed by someone else and not assigned. Check them and try again.",
            skipped,
        )
        messages.warning(request, sentence % {"count": skipped})


def _show(
    request: HttpRequest,
    scope: Scope,
    requests: Requests,
    people: Sequence[User],
    *,
    title: str,
    tab: Tab | None = None,
    **context: Any,
) -> HttpResponse:
    hours, numbers = business_hours.load(), count_tabs(scope)
    times = {time.request_id: time for time in Appointment.objects.live().filter(request__in=requests)}
    return show(
        request,
        "consultations/desk/queue/queue.html",
        {
            "tab": tab,
            "to_do": [(shown, query_of(shown, {}), numbers[shown.name]) for shown in TO_DO],
            "by_status": [(shown, query_of(shown, {}), numbers[shown.name]) for shown in BY_STATUS],
            "rows": [Row(found, hours, scope.now, times.get(found.pk)) for found in requests],
            "people": [(person.pk, name_of(person)) for person in people],
            "may_assign": request.user.has_perm(WORK),
            **context,
        },
        title=title,
    )


def _first_rows(found: Any) -> tuple[Requests, bool]:
    """Return the rows to show, and whether there are more."""
    requests = list(found)
    return requests[:ROWS], len(requests) > ROWS


def _page_number(query: QueryDict) -> int:
    return min(_number(query.get("page", "")) or 1, MAX_PAGES)


def _number(text: str) -> int | None:
    """Parse an id, a version or a page number; None for anything else."""
    return int(text) if len(text) < 19 and text.isascii() and text.isdigit() else None


def _selected(value: str) -> tuple[int, int] | None:
    pk, _dash, version = value.partition("-")
    numbers = _number(pk), _number(version)
    return None if numbers[0] is None or numbers[1] is None else (numbers[0], numbers[1])


def _searches(request: HttpRequest) -> dict[str, list[int]]:
    """The ids found by the searches of this session, by the key in their address; the newest last."""
    return dict(request.session.get(SEARCHES_IN_SESSION, {}))


def _search_address(key: str) -> str:
    return f"{reverse('desk:queue_search')}?{urlencode({'search': key})}"


def _list_address(request: HttpRequest, people: Sequence[User]) -> str:
    """Return the address of the list in ``back``, rebuilt so that it leads to the queue or to a search."""
    back = QueryDict(request.POST.get("back", "")[:500])
    if (key := back.get("search", "")) in _searches(request):
        return _search_address(key)
    filters = Filters(back, member(request), holders(people))
    query = query_of(tab_of(back.get("tab", "")), filters.query, _page_number(back))
    return f"{reverse('desk:queue')}{f'?{query}' if query else ''}"
