"""The permissions of each role."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from clinic_site.accounts import roles
from tests.factories import staff

pytestmark = pytest.mark.django_db

PAGES = "overview procedure disclaimer emergencytext practitioner source"
PARTS = "section keyfact benefit step recoverynote expectation risk carecard question citation"


def on(app: str, models: str, actions: str) -> set[str]:
    return {f"{app}.{action}_{model}" for model in models.split() for action in actions.split()}


def permissions_of(role: str) -> set[str]:
    found = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}" for permission in found}


# The tests of each capability check what it adds for a role.
WRITING = on("procedures", PAGES, "view add change") | on("procedures", PARTS, "view add change delete")
PUBLISHING = {"procedures.publish_page"}
REQUESTS = {"consultations.view_consultationrequest", "consultations.change_status"}
CLINIC = on("clinic", "clinicprofile openinghours closure", "view add change")
ACCOUNTS = on("accounts", "user", "view add change") | {"auth.view_group"}


def test_each_role_has_the_permissions_of_its_work_and_no_others() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    for role, required, apps in [
        (roles.EDITOR, WRITING, {"procedures"}),
        (roles.CLINICAL_REVIEWER, WRITING | PUBLISHING, {"procedures"}),
        (roles.COORDINATOR, REQUESTS, {"consultations", "mail"}),
        (roles.MANAGER, WRITING | PUBLISHING | REQUESTS | CLINIC | ACCOUNTS, None),
    ]:
        permissions = permissions_of(role)
        assert required <= permissions
        if apps:
            assert {permission.split(".")[0] for permission in permissions} <= apps
    assert not PUBLISHING & permissions_of(roles.EDITOR)
    assert staff().get_all_permissions() == set()


def test_no_role_deletes_records_or_changes_roles() -> None:
    kept = [*PAGES.split(), "publication", "photo", "user", "group"]
    kept += ["consultationrequest", "event", "privacynotice"]
    forbidden = {f"delete_{model}" for model in kept} | {"add_group", "change_group", "change_permission"}
    forbidden |= {"change_publication", "change_consultationrequest"}
    for role in roles.ROLES:
        assert not {name.split(".")[1] for name in permissions_of(role)} & forbidden


def test_migrating_restores_roles_changed_by_hand() -> None:
    editor, before = Group.objects.get(name=roles.EDITOR), permissions_of(roles.EDITOR)
    editor.permissions.set(Permission.objects.filter(codename="view_consultationrequest"))
    Group.objects.get(name=roles.COORDINATOR).delete()
    call_command("migrate", verbosity=0)
    assert permissions_of(roles.EDITOR) == before
    assert permissions_of(roles.COORDINATOR) >= REQUESTS


def test_migrating_refuses_unknown_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, roles.EDITOR, {"procedures.pubish_page"})
    with pytest.raises(LookupError, match="pubish_page"):
        call_command("migrate", verbosity=0)
