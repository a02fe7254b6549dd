"""The staff roles: one table of what each may do, written into Django's groups after every migration."""

from typing import Any

from django.apps import AppConfig, apps

EDITOR = "Editor"
CLINICAL_REVIEWER = "Clinical reviewer"
COORDINATOR = "Coordinator"
MANAGER = "Manager"
ROLES = (EDITOR, CLINICAL_REVIEWER, COORDINATOR, MANAGER)


def _permissions(app_label: str, models: str, actions: str) -> frozenset[str]:
    """The usual permissions on models, both given as words: ``("clinic", "closure", "view add")``."""
    return frozenset(
        f"{app_label}.{action}_{model}" for model in models.split() for action in actions.split()
    )


_PAGES = "overview procedure emergency disclaimer practitioner source"
_PARTS = "section keyfact benefit step recoverynote expectation risk carecard question citation"
_CONTENT = (
    _permissions("procedures", _PAGES, "view add change")
    | _permissions("procedures", _PARTS, "view add change delete")
    | _permissions("procedures", "plainword", "view add change delete")
    | _permissions("procedures", "feedbackreport", "view change")
    | {"procedures.view_publication"}
)
_REQUESTS = frozenset(
    {
        "consultations.view_consultationrequest",
        "consultations.change_status",
        "consultations.view_attachment",
        "mail.view_outgoingmessage",
        "mail.resend_outgoingmessage",
    }
)
_MANAGEMENT = (
    _permissions(
        "clinic",
        "clinicprofile openinghours closure informationpractice emergencyhospital",
        "view add change delete",
    )
    | _permissions("accounts", "user", "view add change")
    | _permissions("consultations", "retentionrule", "view add change delete")
    | _permissions("consultations", "privacynotice", "view add")
    | _permissions("consultations", "messagetext", "view change")
    | {
        "accounts.view_accountevent",
        "auth.view_group",
        "consultations.erase_request",
        "consultations.export_requests",
        "consultations.manage_feeds",
        "consultations.view_disclosure",
        "consultations.view_statistics",
    }
)

PERMISSIONS: dict[str, frozenset[str]] = {
    EDITOR: _CONTENT,
    CLINICAL_REVIEWER: _CONTENT | {"procedures.publish_page"},
    COORDINATOR: _REQUESTS,
    MANAGER: _CONTENT | {"procedures.publish_page"} | _REQUESTS | _MANAGEMENT,
}


def sync_groups(sender: AppConfig, **kwargs: Any) -> None:
    """Make the groups hold exactly ``PERMISSIONS``; raise ``LookupError`` for one that does not exist.

    Runs after each migration, once the last app's permissions exist.
    """
    from django.contrib.auth.models import Group, Permission

    if sender != [app for app in apps.get_app_configs() if app.models_module][-1]:
        return
    permissions = {
        f"{permission.content_type.app_label}.{permission.codename}": permission
        for permission in Permission.objects.select_related("content_type")
    }
    for role, granted in PERMISSIONS.items():
        unknown = granted - permissions.keys()
        if unknown:
            raise LookupError(f"The role {role} is granted what does not exist: {', '.join(sorted(unknown))}")
        group, _created = Group.objects.get_or_create(name=role)
        group.permissions.set(permissions[name] for name in granted)
