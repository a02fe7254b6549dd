"""The export page, for managers."""

from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from consultations.data_rights import csv_export
from consultations.data_rights.forms import ExportForm
from consultations.data_rights.views import get_or_post
from consultations.staff_pages import VIEW, member, page, show

EXPORT = "consultations.export_requests"


@page(VIEW, EXPORT)
@get_or_post
def export(request: HttpRequest) -> HttpResponseBase:
    today = timezone.localdate()
    form = ExportForm(
        request.POST if request.method == "POST" else None,
        initial={"first": today.replace(day=1), "last": today, "columns": csv_export.DEFAULT_COLUMNS},
    )
    if not form.is_bound or not form.is_valid():
        return show(
            request,
            "consultations/data_rights/export.html",
            {"form": form, "subtitle": _("Error") if form.errors else ""},
            title=_("Export requests"),
        )
    answered = form.cleaned_data
    rows = csv_export.export(
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
