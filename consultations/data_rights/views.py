"""Data rights pages for managers: erase or copy one request, and export many.

The pages about one request show no personal details; the page of the request does, and records who looked.
"""

import logging
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.generic import FormView

from clinic_site.core.http.responses import SeeOther
from clinic_site.mail.models import OutgoingMessage
from consultations import workflow
from consultations.data_rights import csv_export, erasure, subject_access
from consultations.data_rights.forms import CopyForm, EraseForm, ExportForm
from consultations.lifecycle import booking
from consultations.lifecycle.errors import NotAllowedError, SomeoneElseChangedError
from consultations.models import ConsultationRequest
from consultations.staff_pages import GET_AND_POST, VIEW, member, page

logger = logging.getLogger(__name__)


class StaffFormView(FormView[Any]):
    title: Any

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return (
            super().get_context_data(**kwargs) | admin.site.each_context(self.request) | {"title": self.title}
        )


class OneRequestView(StaffFormView):
    """A form about one request. If it is erased, perhaps by a colleague just now, a POST gets 409."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.consultation = get_object_or_404(ConsultationRequest, pk=kwargs["pk"])

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return (
            self.already_erased() if self.consultation.erased_at else super().post(request, *args, **kwargs)
        )

    def already_erased(self) -> HttpResponse:
        self.consultation.refresh_from_db()
        return self.render_to_response(self.get_context_data(), status=409)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        title = f"{self.title}: {self.consultation.reference}"
        return super().get_context_data(**kwargs) | {"consultation": self.consultation, "title": title}


class EraseView(OneRequestView):
    """Show what will be erased, and erase it once a reason and the reference are given."""

    form_class = EraseForm
    template_name = "consultations/data_rights/erase.html"
    title = _("Erase the personal details")

    def get_form_kwargs(self) -> dict[str, Any]:
        return super().get_form_kwargs() | {"consultation": self.consultation}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            erasure.erase(self.consultation, actor=member(self.request), reason=form.cleaned_data["reason"])
        except SomeoneElseChangedError:
            return self.already_erased()
        except OSError:
            logger.exception("the erasure log cannot be written")
            form.add_error(
                None,
                _t("Nothing was erased: the erasure log cannot be written. Tell your system administrator."),
            )
            return self.render_to_response(self.get_context_data(form=form), status=503)
        said = _t("%(reference)s: the personal details are erased.")
        messages.success(self.request, said % {"reference": self.consultation.reference})
        return SeeOther(reverse("desk:request", args=[self.consultation.pk]))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        appointment = booking.live(self.consultation)
        return super().get_context_data(**kwargs) | {
            "is_open": self.consultation.status in workflow.OPEN,
            "is_unmarked": booking.has_begun(appointment, timezone.now()),
            "appointment": appointment,
            "messages_to_erase": OutgoingMessage.objects.filter(about=self.consultation.reference).count(),
        }


class CopyView(OneRequestView):
    """Ask for the reason, and return the copy as a file."""

    form_class = CopyForm
    template_name = "consultations/data_rights/copy.html"
    title = _("Copy for the patient")

    def form_valid(self, form: forms.Form) -> HttpResponse:
        try:
            made = subject_access.make(
                self.consultation, actor=member(self.request), reason=form.cleaned_data["reason"]
            )
        except NotAllowedError:
            return self.already_erased()
        return FileResponse(made, as_attachment=True, filename=f"{self.consultation.reference}.zip")  # type: ignore[return-value]


class ExportView(StaffFormView):
    form_class = ExportForm
    template_name = "consultations/data_rights/export.html"
    title = _("Export requests")

    def get_initial(self) -> dict[str, Any]:
        today = timezone.localdate()
        return {"first": today.replace(day=1), "last": today, "columns": csv_export.DEFAULT_COLUMNS}

    def form_valid(self, form: forms.Form) -> HttpResponse:
        name = f"requests-{form.cleaned_data['first']}-{form.cleaned_data['last']}.csv"
        return StreamingHttpResponse(  # type: ignore[return-value]
            csv_export.export(**form.cleaned_data, actor=member(self.request)),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )


erase = page(VIEW, "consultations.erase_request", methods=GET_AND_POST)(EraseView.as_view())
copy = page(VIEW, "consultations.erase_request", methods=GET_AND_POST)(CopyView.as_view())
export = page(VIEW, "consultations.export_requests", methods=GET_AND_POST)(ExportView.as_view())
