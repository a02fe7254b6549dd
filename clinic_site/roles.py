"""The staff roles. Each app grants them its own permissions; the groups are made after every migration."""

from typing import Any

from django.apps import AppConfig, apps

EDITOR = "Editor"
CLINICAL_REVIEWER = "Clinical reviewer"
COORDINATOR = "Coordinator"
MANAGER = "Manager"
ROLES = (EDITOR, CLINICAL_REVIEWER, COORDINATOR, MANAGER)

_grants: dict[str, set[str]] = {role: set() for role in ROLES}


def grant(role: str, *permissions: str) -> None:
    """Give a role permissions, named ``app_label.codename``. Called while the apps load."""
    _grants[role].update(permissions)


def grant_models(roles: tuple[str, ...], app_label: str, models: tuple[str, ...], *, actions: str) -> None:
    """Give roles the usual permissions on models: ``actions`` such as ``"view add change delete"``."""
    for role in roles:
        grant(role, *(f"{app_label}.{action}_{model}" for model in models for action in actions.split()))


def sync(sender: AppConfig, **kwargs: Any) -> None:
    """Make the groups hold exactly what was granted. A misspelled permission raises ``LookupError``.

    Runs after each migration, once the last app's permissions exist.
    """
    from django.contrib.auth.models import Group, Permission

    if sender != [app for app in apps.get_app_configs() if app.models_module][-1]:
        return
    permissions = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, granted in _grants.items():
        unknown = granted - permissions.keys()
        if unknown:
            raise LookupError(f"The role {role} is granted what does not exist: {', '.join(sorted(unknown))}")
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions[name] for name in granted)
