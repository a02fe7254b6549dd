"""The audit log page: who of the staff saw whose personal details, newest first."""

from itertools import groupby

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic_site.accounts.models import User
from consultations.data_rights.forms import LogFilter
from consultations.models import Disclosure
from consultations.staff_pages import VIEW, page, show

LOG = "consultations.view_disclosure"
ROWS_PER_PAGE = 50
MAX_PEOPLE = 500


@page(VIEW, LOG)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    # Inactive accounts too: the log still names them.
    people = [(str(person.pk), str(person)) for person in User.objects.order_by("email")[:MAX_PEOPLE]]
    form = LogFilter(request.GET, people=people)
    rows, older = _rows(form.cleaned_data) if form.is_valid() else ([], "")
    return show(
        request,
        "consultations/data_rights/audit_log.html",
        {
            "form": form,
            "entries": _grouped(rows),
            "older": older,
            "is_filtered": any(request.GET.get(name) for name in ("reference", "person")),
            "is_first": not request.GET.get("before"),
        },
        title=_("Who saw what"),
    )


def panel(request: HttpRequest) -> dict[str, bool] | None:
    """Show managers the panel of their pages on the staff index."""
    return {} if request.user.has_perm(LOG) else None


def _rows(answers: dict[str, str]) -> tuple[list[Disclosure], str]:
    """Return the rows of a page, and the query string of the next page, "" on the last."""
    rows = Disclosure.objects.select_related("request", "actor").order_by("-at", "-pk")
    if answers["reference"]:
        rows = rows.filter(request__reference=answers["reference"])
    if answers["person"]:
        rows = rows.filter(actor=int(answers["person"]))
    if answers["before"]:
        # By key, not by offset: every page is as fast as the first.
        last = Disclosure.objects.filter(pk=answers["before"]).first()
        if last is None:
            return [], ""
        rows = rows.filter(Q(at__lt=last.at) | Q(at=last.at, pk__lt=last.pk), at__lte=last.at)
    found = list(rows[: ROWS_PER_PAGE + 1])
    if len(found) <= ROWS_PER_PAGE:
        return found, ""
    query = QueryDict(mutable=True)
    query.update({name: answers[name] for name in ("reference", "person") if answers[name]})
    query["before"] = str(found[ROWS_PER_PAGE - 1].pk)
    return found[:ROWS_PER_PAGE], query.urlencode()


def _grouped(rows: list[Disclosure]) -> list[list[Disclosure]]:
    """Group what one person saw at one moment, such as a page of the queue, into one line."""
    groups = groupby(rows, key=lambda row: (row.at, row.actor_id, row.kind, row.reason))
    return [list(group) for _key, group in groups]
