"""Admin: redirects to the desk, and the privacy notices."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from consultations.models import ConsultationRequest, PrivacyNotice


class NeverChanged:
    """Rows that the admin neither changes nor deletes."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(ConsultationRequest)
class ConsultationRequestAdmin(NeverChanged, admin.ModelAdmin[ConsultationRequest]):
    """Requests are handled on the desk. The admin's index and mails lead here, and are redirected there."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("desk:queue"))

    def change_view(self, request: HttpRequest, object_id: str, *args: Any, **options: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        consultation = self.get_object(request, object_id)
        if consultation is None:
            raise Http404
        return HttpResponseRedirect(reverse("desk:request", args=[consultation.pk]))


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(NeverChanged, admin.ModelAdmin[PrivacyNotice]):
    """New versions can be added. Notices that patients agreed to are never edited or deleted."""

    list_display = ["__str__", "published_at"]
    fields = ["language", "summary", "text"]

    def save_model(self, request: HttpRequest, obj: PrivacyNotice, form: Any, change: bool) -> None:
        obj.number = PrivacyNotice.objects.next_number(obj.language)
        obj.published_at = timezone.now()
        super().save_model(request, obj, form, change)


from consultations.data_rights import retention_admin as retention_admin  # noqa: E402 - registers itself
from consultations.desk import message_text_admin as message_text_admin  # noqa: E402 - registers itself
