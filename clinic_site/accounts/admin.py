"""Accounts of staff and what happened to them, in the admin."""

from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinic_site.accounts import services
from clinic_site.accounts.forms import AccountForm, InviteForm
from clinic_site.accounts.models import AccessEvent, User
from clinic_site.core import change_warnings
from clinic_site.core.http.responses import SeeOther

# allauth's own tables: one holds the secrets of the second step, the other is not used here.
admin.site.unregister(Authenticator)
admin.site.unregister(EmailAddress)


@admin.register(User)
class StaffUserAdmin(UserAdmin):
    """Accounts of staff. A manager invites and gives roles; only a superuser makes or changes a superuser.

    Nobody sets a colleague's password: who lost it is sent a link.
    """

    form = AccountForm
    add_form = InviteForm
    add_form_template = None
    change_form_template = "admin/accounts/account.html"
    list_display = ["username", "first_name", "last_name", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    filter_horizontal = ()
    add_fieldsets = (
        (None, {"fields": ["username", "first_name", "last_name", "email"]}),
        (_("Roles"), {"fields": ["groups"]}),
    )
    fieldsets = [
        (None, {"fields": ["username"]}),
        (_("Person"), {"fields": ["first_name", "last_name", "email"]}),
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
        # What a person did stays under that person's name: an account is made inactive instead.
        return False

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        raise PermissionDenied

    # What changes is written down with the change

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        form.state_before = services.state_of(obj) if change else None
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change:
            services.record_changes(form.instance, form.state_before, by=request.user)
            change_warnings.warn(request, form.instance)
        else:
            services.invite(form.instance, by=request.user)

    # What staff can do

    def get_urls(self) -> list[URLPattern]:
        step = path(
            "<int:pk>/access/",
            self.admin_site.admin_view(require_POST(self.step_view)),
            name="accounts_user_access",
        )
        return [step, *super().get_urls()]

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        user = self.get_object(request, object_id)
        own: dict[str, Any] = {}
        if user is not None and self.has_change_permission(request, user):
            own = {
                "may_send_link": user.is_active and user.is_staff and bool(user.email),
                "was_invited": not user.has_usable_password(),
                "may_reset_two_step": user != request.user
                and Authenticator.objects.filter(user=user).exists(),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **own})

    def step_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A button of an account was pressed: ``step`` is "link" or "two-step"."""
        user = self.get_object(request, str(pk))
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        steps = {"link": self._send_link, "two-step": self._reset_two_step}
        step = steps.get(request.POST.get("step", ""))
        if user is None or step is None:
            raise Http404
        step(request, user)
        return SeeOther(reverse("admin:accounts_user_change", args=[pk]))

    def _send_link(self, request: HttpRequest, user: User) -> None:
        if not (user.is_active and user.is_staff and user.email):
            messages.error(request, _t("Give this account an email address first, and make it active."))
        elif user.has_usable_password():
            services.send_link(user, by=request.user)
            messages.success(request, _t("A link to choose a new password is on its way."))
        else:
            services.invite(user, by=request.user)
            messages.success(request, _t("The invitation is on its way. An earlier one opens nothing now."))

    def _reset_two_step(self, request: HttpRequest, user: User) -> None:
        if user == request.user:
            # Who sits at an open session of a manager's would only need the password after that.
            raise PermissionDenied
        services.reset_two_step(user, by=request.user)
        messages.success(
            request,
            _t("Two-step sign-in is reset. The person is signed out, and sets it up at the next sign-in."),
        )


class PersonFilter(admin.SimpleListFilter):
    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("username")
        return [(str(user.pk), user.get_username()) for user in people]

    def queryset(self, request: HttpRequest, queryset: Any) -> QuerySet[AccessEvent]:
        chosen = self.value() or ""
        found: QuerySet[AccessEvent] = queryset
        if chosen:
            known = chosen.isascii() and chosen.isdigit() and len(chosen) < 19
            found = queryset.of_person(int(chosen)) if known else queryset.none()
        return found


@admin.register(AccessEvent)
class AccessEventAdmin(admin.ModelAdmin):
    """Read here, changed nowhere."""

    list_display = ["at", "kind", "subject", "actor", "more"]
    list_filter = [PersonFilter, "kind"]
    list_select_related = ["subject", "actor"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["at", "kind", "subject", "actor", "more"]
    readonly_fields = ["more"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> Any:
        return AccessEvent.objects.newest_first()

    def get_ordering(self, request: HttpRequest) -> list[str]:
        return ["-at", "-pk"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("more"))
    def more(self, event: AccessEvent) -> str:
        return event.words()


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """The roles are made by the code; here they are only read."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False
