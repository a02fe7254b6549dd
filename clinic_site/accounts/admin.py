"""Staff accounts, roles and account events in the admin."""

from typing import Any

from allauth.account.admin import EmailAddress
from allauth.mfa.admin import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from clinic_site.accounts import services, takeover
from clinic_site.accounts.forms import AccountForm
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
    add_form = ModelForm
    add_form_template = None
    change_form_template = "admin/accounts/account.html"
    list_display = ["__str__", "email", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["email", "first_name", "last_name"]
    ordering = ["email"]
    filter_horizontal = ()
    add_fieldsets = (
        (
            None,
            {
                "fields": ["email", "first_name", "last_name", "groups"],
                "description": _("An invitation is sent to the address. It works once, within seven days."),
            },
        ),
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
        form.editor = request.user
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
        if change:
            form.state_before = services.access_state(obj)
        else:
            obj.is_staff = True
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        if change:
            services.record_access_changes(form.instance, form.state_before, by=request.user)
            change_warnings.warn(request, form.instance)
        else:
            services.invite(form.instance, by=request.user)

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.access_view))
        return [path("<int:pk>/access/", view, name="accounts_user_access"), *super().get_urls()]

    def access_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The buttons of an account: ``action`` is "send-link" or "reset-two-step"."""
        user, action = self.get_object(request, str(pk)), request.POST.get("action")
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        if user is None or action not in ("send-link", "reset-two-step"):
            raise Http404
        if action == "reset-two-step":
            if user == request.user:
                # At a manager's unattended computer, the password alone would be enough after that.
                raise PermissionDenied
            if begins := takeover.start_waiting_period(user, by=request.user):
                messages.warning(request, takeover.refusal(begins))
            else:
                services.reset_two_step(user, by=request.user)
                said = _t(
                    "Two-step sign-in was reset. The person is signed out and sets it up at the next sign-in."
                )
                messages.success(request, said)
        elif not (user.is_active and user.is_staff):
            messages.error(request, _t("Make this account active first."))
        elif user.has_usable_password():
            services.send_password_link(user, by=request.user)
            messages.success(request, _t("A link to choose a new password was sent."))
        else:
            services.invite(user, by=request.user)
            messages.success(request, _t("The invitation was sent. Earlier invitations no longer work."))
        return SeeOther(reverse("admin:accounts_user_change", args=[pk]))


class PersonFilter(admin.SimpleListFilter):
    """A person's own actions, and those of others on the account."""

    title = _("person")
    parameter_name = "person"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        people = User.objects.filter(is_staff=True).order_by("email")
        return [(str(user.pk), str(user)) for user in people]

    def queryset(self, request: HttpRequest, queryset: QuerySet[AccountEvent]) -> QuerySet[AccountEvent]:
        person = self.value()
        if not person:
            return queryset
        if person not in dict(self.lookup_choices):
            return queryset.none()
        return queryset.filter(Q(subject=person) | Q(actor=person))


@admin.register(AccountEvent)
class AccountEventAdmin(admin.ModelAdmin[AccountEvent]):
    list_display = ["at", "kind", "subject", "actor", "summary"]
    list_filter = [PersonFilter, "kind"]
    list_select_related = ["subject", "actor"]
    list_per_page = 50
    show_full_result_count = False
    ordering = ["-at", "-pk"]
    fields = ["at", "kind", "subject", "actor", "summary"]
    readonly_fields = ["summary"]
    actions = None

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_delete_permission = has_change_permission

    @admin.display(description=_("details"))
    def summary(self, event: AccountEvent) -> str:
        return event.summary()


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Read only: ``roles.py`` defines the roles."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_add_permission = has_delete_permission = has_change_permission
