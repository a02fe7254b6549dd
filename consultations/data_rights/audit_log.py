"""The audit log page: who of the staff saw whose personal details, newest first."""

from itertools import groupby

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from consultations.data_rights.forms import LogFilter
from consultations.models import Disclosure
from consultations.staff_pages import VIEW, page, show

LOG = "consultations.view_disclosure"
ROWS_PER_PAGE = 50


@page(VIEW, LOG)
def log(request: HttpRequest) -> HttpResponse:
    form = LogFilter(request.GET)
    rows = Disclosure.objects.select_related("request", "actor").order_by("-at", "-pk")
    if form.is_valid():
        wanted = {"request__reference": form.cleaned_data["reference"], "actor": form.cleaned_data["person"]}
        rows = rows.filter(**{name: value for name, value in wanted.items() if value})
    else:
        rows = rows.none()
    shown = Paginator(rows, ROWS_PER_PAGE).get_page(request.GET.get("page"))
    # Rows that one person saw at one moment, such as a page of the queue, are one line.
    seen_at_once = groupby(shown, key=lambda row: (row.at, row.actor_id, row.kind, row.reason))
    return show(
        request,
        "consultations/data_rights/audit_log.html",
        {"form": form, "shown": shown, "entries": [list(group) for _key, group in seen_at_once]},
        title=_("Who saw what"),
    )
