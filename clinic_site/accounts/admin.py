"""Staff accounts, roles and account events in the admin."""

from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinic_site.accounts import services
from clinic_site.accounts.forms import AccountForm, InviteForm
from clinic_site.accounts.models import AccountEvent, User
from clinic_site.core import change_warnings
from clinic_site.core.http.responses import SeeOther

# allauth's own tables: one holds the secrets of two-step sign-in, the other is not used here.
admin.site.unregister(Authenticator)
admin.site.unregister(EmailAddress)


@admin.register(User)
class StaffUserAdmin(UserAdmin[User]):
    """Managers invite and assign roles; only superusers make or change superusers.

    Passwords are set only by their owners: a person who lost theirs gets a link.
    """

    form = AccountForm
    add_form = InviteForm
    add_form_template = None
    change_form_template = "admin/accounts/account.html"
    list_display = ["email", "first_name", "last_name", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    filter_horizontal = ()
    add_fieldsets = (
        (None, {"fields": ["email", "first_name", "last_name"]}),
        (_("Roles"), {"fields": ["groups"]}),
    )
    fieldsets = [
        (None, {"fields": ["email", "first_name", "last_name"]}),
        (_("Roles"), {"fields": ["is_active", "is_staff", "groups"]}),
        (_("Dates"), {"fields": ["last_login", "date_joined"]}),
    ]
    readonly_fields = ["last_login", "date_joined"]

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        fieldsets = super().get_fieldsets(request, obj)
        if obj is not None and request.user.is_superuser:
            return [*fieldsets, (_("Everything"), {"fields": ["is_superuser"]})]
        return fieldsets

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, obj, change=change, **kwargs)
        form.is_own = obj is not None and obj.pk == request.user.pk
        return form

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and obj.is_superuser and not request.user.is_superuser:
            return False
        return super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        # Records keep the names of those who made them: deactivate the account instead.
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        raise PermissionDenied

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        form.state_before = services.access_state(obj) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change:
            services.record_access_changes(form.instance, form.state_before, by=request.user)
            change_warnings.warn(request, form.instance)
        else:
            services.invite(form.instance, by=request.user)

    def get_urls(self) -> list[URLPattern]:
        action = path(
            "<int:pk>/access/",
            self.admin_site.admin_view(require_POST(self.access_view)),
            name="accounts_user_access",
        )
        return [action, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        buttons: dict[str, Any] = {}
        if user is not None and self.has_change_permission(request, user):
            buttons = {
                "may_send_link": user.is_active and user.is_staff,
                "is_invited": not user.has_usable_password(),
                "may_reset_two_step": user != request.user
                and Authenticator.objects.filter(user=user).exists(),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **buttons})

    def access_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The buttons of an account: ``action`` is "send-link" or "reset-two-step"."""
        user = self.get_object(request, str(pk))
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        actions = {"send-link": self._send_link, "reset-two-step": self._reset_two_step}
        action = actions.get(request.POST.get("action", ""))
        if user is None or action is None:
            raise Http404
        action(request, user)
        return SeeOther(reverse("admin:accounts_user_change", args=[pk]))

    def _send_link(self, request: HttpRequest, user: User) -> None:
        if not (user.is_active and user.is_staff):
            messages.error(request, _t("Make this account active first."))
        elif user.has_usable_password():
            services.send_password_link(user, by=request.user)
            messages.success(request, _t("A link to choose a new password was sent."))
        else:
            services.invite(user, by=request.user)
            messages.success(request, _t("The invitation was sent. Earlier invitations no longer work."))

    def _reset_two_step(self, request: HttpRequest, user: User) -> None:
        if user == request.user:
            # At a manager's unattended computer, the password alone would be enough after that.
            raise PermissionDenied
        services.reset_two_step(user, by=request.user)
        messages.success(
            request,
            _t("Two-step sign-in was reset. The person is signed out and sets it up at the next sign-in."),
        )


class PersonFilter(admin.SimpleListFilter):
    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("email")
        return [(str(user.pk), str(user)) for user in people]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        value = self.value() or ""
        if not value:
            return queryset
        is_number = value.isascii() and value.isdigit() and len(value) < 19
        return queryset.of_person(int(value)) if is_number else queryset.none()


@admin.register(AccountEvent)
class AccountEventAdmin(admin.ModelAdmin[AccountEvent]):
    list_display = ["at", "kind", "subject", "actor", "summary"]
    list_filter = [PersonFilter, "kind"]
    list_select_related = ["subject", "actor"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["at", "kind", "subject", "actor", "summary"]
    readonly_fields = ["summary"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return AccountEvent.objects.newest_first()

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["-at", "-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("details"))
    def summary(self, event: AccountEvent) -> str:
        return event.summary()


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Read only: ``roles.py`` defines the roles."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False
