"""What the admin has of requests: the way to the desk, and the privacy notice that patients agree to."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone

from consultations.models import ConsultationRequest, PrivacyNotice


@admin.register(ConsultationRequest)
class ConsultationRequestAdmin(admin.ModelAdmin):
    """Requests are on the desk. Nothing in the admin shows, adds, edits or deletes one."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: ConsultationRequest | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: ConsultationRequest | None = None) -> bool:
        return False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The queue is a page of the desk; the index, mails and bookmarks may still lead here."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("desk:queue"))

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """One request has its page on the desk; mails and bookmarks may still lead here."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        consultation = self.get_object(request, object_id)
        if consultation is None:
            raise Http404
        return HttpResponseRedirect(reverse("desk:request", args=[consultation.pk]))


@admin.register(PrivacyNotice)
class PrivacyNoticeAdmin(admin.ModelAdmin):
    """A new version can be added. What patients have agreed to is never edited or deleted."""

    list_display = ["__str__", "published_at"]
    fields = ["language", "summary", "text"]

    def has_change_permission(self, request: HttpRequest, obj: PrivacyNotice | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: PrivacyNotice | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: PrivacyNotice, form: Any, change: bool) -> None:
        obj.number = PrivacyNotice.objects.next_number(obj.language)
        obj.published_at = timezone.now()
        super().save_model(request, obj, form, change)


from consultations.data_rights import retention_admin as retention_admin  # noqa: E402 - registers itself
from consultations.desk import message_text_admin as message_text_admin  # noqa: E402 - registers itself
