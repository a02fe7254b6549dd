"""What each role may do, exactly: nobody sees more than their work needs."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.core.management import call_command

from clinic_site.accounts import roles
from tests.factories import staff

pytestmark = pytest.mark.django_db

PAGES = ["overview", "procedure", "disclaimer", "emergencytext", "practitioner", "source"]
PARTS = [
    "section",
    "keyfact",
    "benefit",
    "step",
    "recoverynote",
    "expectation",
    "risk",
    "carecard",
    "question",
    "citation",
]


def permissions_of(role: str) -> set[str]:
    found = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{permission.content_type.app_label}.{permission.codename}" for permission in found}


def on(app: str, models: list[str], actions: str) -> set[str]:
    return {f"{app}.{action}_{model}" for model in models for action in actions.split()}


# What an app's own team has added for a role beyond the first issue stands in its own tests.
WRITING = on("procedures", PAGES, "view add change") | on("procedures", PARTS, "view add change delete")
REQUESTS = {"consultations.view_consultationrequest", "consultations.change_status"}
PUBLISHING = {"procedures.publish_page"}
CLINIC = on("clinic", ["clinicprofile", "openinghours", "closure"], "view add change")
ACCOUNTS = {"accounts.view_user", "accounts.add_user", "accounts.change_user", "auth.view_group"}


def test_the_four_roles_are_there_after_migrating() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(roles.ROLES)
    assert set(roles.ROLES) == {"Editor", "Clinical reviewer", "Coordinator", "Manager"}


@pytest.mark.parametrize(
    ("role", "may"),
    [
        (roles.EDITOR, WRITING),
        (roles.CLINICAL_REVIEWER, WRITING | PUBLISHING),
        (roles.COORDINATOR, REQUESTS),
        (roles.MANAGER, WRITING | PUBLISHING | REQUESTS | CLINIC | ACCOUNTS),
    ],
)
def test_each_role_may_do_its_work(role: str, may: set[str]) -> None:
    assert may - permissions_of(role) == set()


@pytest.mark.parametrize(
    ("role", "apps"),
    [
        (roles.EDITOR, {"procedures"}),
        (roles.CLINICAL_REVIEWER, {"procedures"}),
        (roles.COORDINATOR, {"consultations", "mail"}),
    ],
)
def test_no_role_reaches_into_anothers_work(role: str, apps: set[str]) -> None:
    assert {permission.split(".")[0] for permission in permissions_of(role)} <= apps
    assert not permissions_of(role) & ACCOUNTS


def test_only_those_who_handle_requests_may_see_one() -> None:
    may = {role for role in roles.ROLES if "consultations.view_consultationrequest" in permissions_of(role)}
    assert may == {roles.COORDINATOR, roles.MANAGER}


def test_only_reviewers_and_managers_publish() -> None:
    may = {role for role in roles.ROLES if "procedures.publish_page" in permissions_of(role)}
    assert may == {roles.CLINICAL_REVIEWER, roles.MANAGER}


@pytest.mark.parametrize("role", roles.ROLES)
def test_no_role_deletes_a_record_or_makes_roles(role: str) -> None:
    kept = [*PAGES, "publication", "photo", "user", "group", "consultationrequest", "event", "privacynotice"]
    assert not {name for name in permissions_of(role) for model in kept if name.endswith(f".delete_{model}")}
    assert not {"auth.add_group", "auth.change_group", "auth.change_permission"} & permissions_of(role)
    assert not {"procedures.change_publication", "consultations.change_consultationrequest"} & permissions_of(
        role
    )


def test_nobody_without_a_role_may_do_anything() -> None:
    assert staff().get_all_permissions() == set()


def test_a_role_that_was_changed_by_hand_is_put_right_by_the_next_migration() -> None:
    editor, before = Group.objects.get(name=roles.EDITOR), permissions_of(roles.EDITOR)
    editor.permissions.set(Permission.objects.filter(codename="view_consultationrequest"))
    Group.objects.get(name=roles.COORDINATOR).delete()
    call_command("migrate", verbosity=0)
    assert permissions_of(roles.EDITOR) == before
    assert permissions_of(roles.COORDINATOR) >= REQUESTS


def test_a_misspelled_permission_is_found_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(roles.PERMISSIONS, roles.EDITOR, {"procedures.pubish_page"})
    with pytest.raises(LookupError, match="pubish_page"):
        call_command("migrate", verbosity=0)
