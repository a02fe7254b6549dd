"""Requests as a CSV file, for managers: which days, which columns, and why."""

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from consultations import exporting
from consultations.desk.access import VIEW, member, page, show
from consultations.desk.keeping import get_or_post
from consultations.desk.keeping_forms import ExportForm

EXPORT = "consultations.export_requests"


@page(VIEW, EXPORT)
@get_or_post
def export(request: HttpRequest) -> HttpResponseBase:
    today = timezone.localdate()
    form = ExportForm(
        request.POST if request.method == "POST" else None,
        initial={"first": today.replace(day=1), "last": today, "columns": exporting.CHOSEN_AT_FIRST},
    )
    if not form.is_bound or not form.is_valid():
        return show(
            request,
            "admin/desk/keeping/export.html",
            {"form": form, "subtitle": _("Error") if form.errors else ""},
            title=_("Export requests"),
        )
    answered = form.cleaned_data
    rows = exporting.export(
        form.period, answered["columns"], actor=member(request), reason=answered["reason"]
    )
    name = f"requests-{answered['first'].isoformat()}-{answered['last'].isoformat()}.csv"
    return StreamingHttpResponse(
        rows,
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store, private",
        },
    )
