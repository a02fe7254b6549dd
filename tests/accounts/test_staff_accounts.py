"""Accounts of staff: a manager gives roles, but cannot make or become a superuser, nor touch one."""

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from django.urls import reverse

from clinic_site.accounts import roles, services
from clinic_site.accounts.models import User
from tests.admin_forms import address, errors_in, form_of
from tests.factories import staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager() -> Client:
    client = Client()
    client.force_login(staff(roles.MANAGER))
    return client


@pytest.fixture
def superuser() -> User:
    return staff(username="root", is_superuser=True)


def test_a_manager_gives_a_role(manager: Client) -> None:
    person = staff(username="ali")
    sent = form_of(manager, address(person)) | {"groups": [str(Group.objects.get(name=roles.EDITOR).pk)]}
    response = manager.post(address(person), sent)
    assert response.status_code == 302, errors_in(response)
    assert list(person.groups.values_list("name", flat=True)) == [roles.EDITOR]


def test_a_manager_makes_an_account_without_a_password(manager: Client) -> None:
    response = manager.post(
        reverse("admin:accounts_user_add"),
        {
            "username": "ayesha",
            "email": "ayesha@clinic.example",
            "usable_password": "true",
            "password1": "correct horse battery",
            "password2": "correct horse battery",
            "is_superuser": "on",
        },
    )
    assert response.status_code == 302, errors_in(response)
    made = User.objects.get(username="ayesha")
    assert made.is_staff
    assert not made.is_superuser
    assert not made.has_usable_password()


def test_a_manager_cannot_make_anyone_a_superuser(manager: Client) -> None:
    for person in (staff(username="ali"), User.objects.get(groups__name=roles.MANAGER)):
        sent = form_of(manager, address(person))
        assert "is_superuser" not in sent
        manager.post(address(person), sent | {"is_superuser": "on", "user_permissions": ["1", "2"]})
        person.refresh_from_db()
        assert not person.is_superuser
        assert not person.user_permissions.exists()


def test_a_manager_cannot_change_a_superuser_or_the_password_of_one(manager: Client, superuser: User) -> None:
    sent = {"username": "taken-over", "is_active": "on", "password1": "x" * 20, "password2": "x" * 20}
    assert manager.post(address(superuser), sent).status_code == 403
    password = reverse("admin:auth_user_password_change", args=[superuser.pk])
    assert manager.get(password).status_code == 403
    assert manager.post(password, sent).status_code == 403
    superuser.refresh_from_db()
    assert superuser.username == "root"
    assert not superuser.has_usable_password()


def test_a_superuser_can_make_one(superuser: User) -> None:
    client = Client()
    client.force_login(superuser)
    person = staff(username="ali")
    sent = form_of(client, address(person)) | {"is_superuser": "on"}
    assert client.post(address(person), sent).status_code == 302
    person.refresh_from_db()
    assert person.is_superuser


@pytest.mark.parametrize("field", ["is_active", "is_staff", "groups"])
def test_a_manager_locks_herself_out_of_nothing_and_another_manager_can(manager: Client, field: str) -> None:
    herself = User.objects.get(groups__name=roles.MANAGER)
    sent = form_of(manager, address(herself))
    del sent[field]
    response = manager.post(address(herself), sent)
    assert response.status_code == 200
    (error,) = errors_in(response)
    assert error.startswith("You cannot take") and error.endswith("Another manager can do it.")
    before = services.state_of(herself)
    assert before == {"roles": [roles.MANAGER], "is_staff": True, "is_active": True} | {
        "is_superuser": False,
        "email": "",
    }
    other = Client()
    other.force_login(staff(roles.MANAGER, username="other"))
    assert other.post(address(herself), sent).status_code == 302
    assert services.state_of(herself) != before


def test_a_manager_gives_herself_another_role_and_a_superuser_stays_one(
    manager: Client, superuser: User
) -> None:
    herself = User.objects.get(groups__name=roles.MANAGER)
    sent = form_of(manager, address(herself))
    both = [*sent["groups"], str(Group.objects.get(name=roles.EDITOR).pk)]
    assert manager.post(address(herself), sent | {"groups": both}).status_code == 302
    assert services.state_of(herself)["roles"] == [roles.EDITOR, roles.MANAGER]
    root = Client()
    root.force_login(superuser)
    sent = form_of(root, address(superuser))
    del sent["is_superuser"]
    (error,) = errors_in(root.post(address(superuser), sent))
    assert error == "You cannot take this away from your own account. Another superuser can do it."
    superuser.refresh_from_db()
    assert superuser.is_superuser


def test_nobody_deletes_an_account(manager: Client, superuser: User) -> None:
    person = staff(username="ali")
    root = Client()
    root.force_login(superuser)
    for client in (manager, root):
        assert client.post(address(person, "delete"), {"post": "yes"}).status_code == 403
        client.post(
            reverse("admin:accounts_user_changelist"),
            {"action": "delete_selected", "_selected_action": [person.pk], "post": "yes"},
        )
    assert User.objects.filter(pk=person.pk).exists()


def test_the_roles_themselves_are_only_read(superuser: User) -> None:
    client = Client()
    client.force_login(superuser)
    group = Group.objects.get(name=roles.EDITOR)
    assert client.get(reverse("admin:auth_group_add")).status_code == 403
    assert client.get(address(group)).status_code == 200
    assert client.post(address(group), {"name": "Other"}).status_code == 403
    assert client.post(address(group, "delete"), {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("role", [roles.EDITOR, roles.CLINICAL_REVIEWER, roles.COORDINATOR])
def test_nobody_else_sees_accounts_or_the_clinics_own_facts(role: str) -> None:
    client = Client()
    client.force_login(staff(role))
    for name in ("accounts_user", "auth_group", "clinic_clinicprofile", "clinic_openinghours"):
        assert client.get(reverse(f"admin:{name}_changelist")).status_code == 403


@pytest.mark.parametrize("role", ["", *roles.ROLES])
def test_everyone_of_the_staff_can_open_the_first_page_and_what_it_links(
    role: str, sample_site: None
) -> None:
    from tests.pages import read

    client = Client()
    client.force_login(staff(role))
    response = client.get("/staff/")
    assert response.status_code == 200
    for link in read(response).one(id="content").all("a"):
        if link.get("href").startswith("/staff/"):
            assert client.get(link["href"], follow=True).status_code == 200, link["href"]


def test_a_patient_who_is_no_staff_cannot_come_in(db: None) -> None:
    client = Client()
    client.force_login(User.objects.create(username="patient", is_staff=False))
    response = client.get("/staff/")
    assert response.status_code == 302
    assert response["Location"].startswith("/staff/login/")


def test_nobody_sets_a_colleagues_password(manager: Client, superuser: User) -> None:
    person = staff(username="ali")
    root = Client()
    root.force_login(superuser)
    url = reverse("admin:auth_user_password_change", args=[person.pk])
    sent = {"password1": "correct horse battery", "password2": "correct horse battery"}
    for client in (manager, root):
        assert not [name for name in form_of(client, address(person)) if "password" in name]
        assert client.get(url).status_code == 403
        assert client.post(url, sent | {"usable_password": "true"}).status_code == 403
        client.post(address(person), form_of(client, address(person)) | {"password": "x"})
    person.refresh_from_db()
    assert not person.has_usable_password()
