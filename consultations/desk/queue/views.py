"""The queue: which requests wait, what is to be done with each, and who does it."""

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
from consultations.lifecycle import assignment, disclosures
from consultations.models import Appointment, ConsultationRequest, Disclosure
from consultations.staff_pages import VIEW, WORK, member, page, show
from consultations.text_folding import fold_text

ROWS = 50
# Pages are counted from the beginning of an index, which is quick for a thousand rows and would not be for
# a million; nobody leafs through more. A page's number says nothing about anybody, so that it may stand in
# an address and be shared; the key of a last row would grow stale and could be forged.
PAGES = 20
SEARCH_LENGTH = 200
# As many as somebody goes back to. More would be a list of names in the session.
SEARCHES = 10
SEARCHES_IN_SESSION = "desk_searches"

Requests = Sequence[ConsultationRequest]


@require_safe
@page(VIEW)
def queue(request: HttpRequest) -> HttpResponse:
    """A tab of the queue: ``?tab=``, ``?page=`` and the filters' fields."""
    user, tab = member(request), tab_of(request.GET.get("tab", ""))
    scope, people, number = Scope(user, timezone.now()), colleagues(), _page_number(request.GET)
    filters = Filters(request.GET, user, holders(people))
    start = (number - 1) * ROWS
    # One more than is shown tells whether there is another page.
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
        next=query_of(tab, filters.query, number + 1) if has_more and number < PAGES else None,
        page_number=number,
        is_cut_off=has_more and number == PAGES,
    )


@require_http_methods(["GET", "HEAD", "POST"])
@page(VIEW)
def search(request: HttpRequest) -> HttpResponse:
    """What a search finds, among all requests: asked for by POST, and shown by GET ``?search=``.

    A name or a number may not stand in an address: the text is kept in the session, and is gone with it, or
    with a search for nothing. The address leads "back" to what was found, and tells nobody else anything.
    """
    if request.method == "POST":
        return SeeOther(_keep_search(request))
    text = _searches(request).get(request.GET.get("search", ""))
    if text is None:
        return SeeOther(reverse("desk:queue"))
    user = member(request)
    found = ConsultationRequest.objects.search(text).order_by("-created_at", "-pk").select_related("assignee")
    requests, has_more = _first_rows(found[: ROWS + 1])
    disclosures.record(user, requests, Disclosure.Kind.FOUND)
    return _show(
        request,
        Scope(user, timezone.now()),
        requests,
        colleagues(),
        title=_("Found"),
        text=text,
        back=request.GET.urlencode(),
        has_more=has_more,
    )


@require_http_methods(["POST"])
@page(VIEW, WORK)
def assign(request: HttpRequest) -> HttpResponse:
    """Give the ticked requests to a colleague, or to nobody.

    Each ``request`` is "key-assignee" as it stood on the screen. Goes back to the list it came from.
    """
    people = colleagues()
    seen = dict(islice(filter(None, map(_ticked, request.POST.getlist("request"))), ROWS))
    to = request.POST.get("to", "")
    person = next((person for person in people if str(person.pk) == to), None)
    if not seen:
        messages.error(request, _("Tick the requests first. Nothing was changed."))
    elif person is None and to != NOBODY:
        messages.error(request, _("Choose a colleague from the list. Nothing was changed."))
    else:
        _tell(request, assignment.assign_many(seen, person, actor=member(request)), person)
    return SeeOther(_list_it_came_from(request, people))


def _tell(request: HttpRequest, assigned: assignment.Assigned, person: User | None) -> None:
    count, overtaken = assigned
    words = {"count": count, "name": name_of(person) if person else _("nobody")}
    if count:
        messages.success(
            request,
            ngettext(
                "%(count)d request is now assigned to %(name)s.",
                "%(count)d requests are now assigned to %(name)s.",
                count,
            )
            % words,
        )
    elif not overtaken:
        messages.info(request, _("Nothing was changed: nothing that was ticked was left to be assigned."))
    if overtaken:
        messages.warning(
            request,
            ngettext(
                "%(count)d was given to somebody else meanwhile, and stays there. Look at it again.",
                "%(count)d were given to somebody else meanwhile, and stay there. Look at them again.",
                overtaken,
            )
            % {"count": overtaken},
        )


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
    """The rows that are shown, and whether there are more."""
    requests = list(found)
    return requests[:ROWS], len(requests) > ROWS


def _page_number(query: QueryDict) -> int:
    return min(_number(query.get("page", "")) or 1, PAGES)


def _number(text: str) -> int | None:
    """A key or the number of a page; None for anything else."""
    return int(text) if len(text) < 19 and text.isascii() and text.isdigit() else None


def _ticked(value: str) -> tuple[int, int | None] | None:
    key, _dash, assignee = value.partition("-")
    number = _number(key)
    return None if number is None else (number, _number(assignee))


def _searches(request: HttpRequest) -> dict[str, str]:
    """What was searched for in this session, by what stands in the addresses; the newest last."""
    return dict(request.session.get(SEARCHES_IN_SESSION, {}))


def _keep_search(request: HttpRequest) -> str:
    """Gives the address at which it is shown."""
    text = request.POST.get("text", "")[:SEARCH_LENGTH].strip()
    if not fold_text(text):
        request.session.pop(SEARCHES_IN_SESSION, None)
        return reverse("desk:queue")
    key, before = secrets.token_urlsafe(6), list(_searches(request).items())
    request.session[SEARCHES_IN_SESSION] = dict([*before, (key, text)][-SEARCHES:])
    return _address_of_search(key)


def _address_of_search(key: str) -> str:
    return f"{reverse('desk:queue_search')}?{urlencode({'search': key})}"


def _list_it_came_from(request: HttpRequest, people: Sequence[User]) -> str:
    """Its address, made anew of what was sent: it leads nowhere but to the queue, or to a search in it."""
    back = QueryDict(request.POST.get("back", "")[:500])
    if (key := back.get("search", "")) in _searches(request):
        return _address_of_search(key)
    filters = Filters(back, member(request), holders(people))
    query = query_of(tab_of(back.get("tab", "")), filters.query, _page_number(back))
    return f"{reverse('desk:queue')}{f'?{query}' if query else ''}"
