"""Who of the staff saw whose details, newest first: of all requests or one, by all or one of them."""

from dataclasses import dataclass

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from clinic_site.accounts.models import User
from consultations.data_rights.forms import LogFilter
from consultations.models import Disclosure
from consultations.staff_pages import VIEW, page, show

LOG = "consultations.view_disclosure"
ON_A_PAGE = 50
# Of a clinic's staff there are not more; the list in the page has an end all the same.
MOST_PEOPLE = 500


@dataclass(frozen=True)
class Entries:
    """``next`` is the query of the next page, "" on the last."""

    rows: list[Disclosure]
    next: str = ""


@page(VIEW, LOG)
@require_safe
def log(request: HttpRequest) -> HttpResponse:
    asked = LogFilter(request.GET, people=_people())
    entries = _entries(asked) if asked.is_valid() else Entries([])
    return show(
        request,
        "consultations/data_rights/audit_log.html",
        {
            "form": asked,
            "entries": entries,
            "is_filtered": any(request.GET.get(name) for name in ("reference", "person")),
            "is_first": not request.GET.get("before"),
        },
        title=_("Who saw what"),
    )


def panel(request: HttpRequest) -> dict[str, bool] | None:
    """On the staff index: the way to what only managers do."""
    return {} if request.user.has_perm(LOG) else None


def _people() -> list[tuple[str, str]]:
    """All accounts, those that are not used any more too: what they saw stays seen."""
    people = User.objects.order_by("email")[:MOST_PEOPLE]
    return [(str(person.pk), person.get_full_name() or person.get_username()) for person in people]


def _entries(asked: LogFilter) -> Entries:
    answered = asked.cleaned_data
    rows = Disclosure.objects.select_related("request", "actor").order_by("-at", "-pk")
    if answered["reference"]:
        rows = rows.filter(request__reference=answered["reference"])
    if answered["person"]:
        rows = rows.filter(actor=answered["person"])
    if answered["before"]:
        # From a known row on, and not from a number of rows: no page is slower than the first.
        row = Disclosure.objects.filter(pk=answered["before"]).first()
        if row is None:
            return Entries([])
        rows = rows.filter(Q(at__lt=row.at) | Q(at=row.at, pk__lt=row.pk), at__lte=row.at)
    found = list(rows[: ON_A_PAGE + 1])
    shown = found[:ON_A_PAGE]
    return Entries(shown, _next(answered, shown[-1]) if len(found) > ON_A_PAGE else "")


def _next(answered: dict[str, str], last: Disclosure) -> str:
    query = QueryDict(mutable=True)
    for name in ("reference", "person"):
        if answered[name]:
            query[name] = answered[name]
    query["before"] = str(last.pk)
    return query.urlencode()
