"""The roles' permissions. ``tests/site/test_role_table.py`` proves what each role can open and send."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from clinic_site.accounts import roles
from tests.factories import staff

pytestmark = pytest.mark.django_db


def permissions_of(role: str) -> set[str]:
    found = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}" for permission in found}


def test_migrating_restores_roles_changed_by_hand() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    assert staff().get_all_permissions() == set()
    editor = Group.objects.get(name=roles.EDITOR)
    editor.permissions.set(Permission.objects.filter(codename="view_consultationrequest"))
    Group.objects.get(name=roles.COORDINATOR).delete()
    call_command("migrate", verbosity=0)
    for role in roles.ROLES:
        assert permissions_of(role) == roles.PERMISSIONS[role]


def test_no_role_changes_records_or_permissions() -> None:
    """Not even where the admin has no page for it."""
    kept = ["publication", "photo", "user", "group", "consultationrequest", "event", "privacynotice"]
    kept += ["overview", "procedure", "disclaimer", "emergency", "practitioner", "source"]
    forbidden = {f"delete_{model}" for model in kept} | {"add_group", "change_group", "change_permission"}
    forbidden |= {"change_publication", "change_consultationrequest"}
    for role in roles.ROLES:
        assert not {name.split(".")[1] for name in permissions_of(role)} & forbidden


def test_migrating_refuses_unknown_permissions(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, roles.EDITOR, {"procedures.pubish_page"})
    with pytest.raises(LookupError, match="pubish_page"):
        call_command("migrate", verbosity=0)
