"""Staff accounts in the admin: managers assign roles, but cannot make, become or change a superuser."""

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from clinic_site.accounts import roles, services
from clinic_site.accounts.models import User
from tests.admin_forms import address, errors_in, form_of
from tests.factories import a_procedure, a_request, an_overview, signed_in, staff
from tests.pages import read

ROOT = "root@clinic.example"


@pytest.fixture
def superuser(db: None) -> Client:
    return signed_in("", email=ROOT, is_superuser=True)


def pk_of(role: str) -> str:
    return str(Group.objects.get(name=role).pk)


def own_account() -> User:
    return User.objects.get(email="manager@clinic.example")


def test_email_is_unique_in_any_case(db: None) -> None:
    user = staff(email="Ali@clinic.example")
    assert User.objects.get_by_natural_key("ali@CLINIC.example") == user
    with pytest.raises(IntegrityError), transaction.atomic():
        staff(email="ali@clinic.example")


def test_new_account_is_staff_without_password(manager: Client) -> None:
    assert "An invitation is sent" in manager.get("/staff/accounts/user/add/").content.decode()
    password = dict.fromkeys(["password1", "password2"], "correct horse battery")
    sent = {"email": "ayesha@clinic.example", "usable_password": "true", "is_superuser": "on"} | password
    response = manager.post("/staff/accounts/user/add/", sent)
    assert response.status_code == 302, errors_in(response)
    made = User.objects.get(email="ayesha@clinic.example")
    assert (made.is_staff, made.is_superuser, made.has_usable_password()) == (True, False, False)


def test_manager_cannot_make_a_superuser(manager: Client, superuser: Client) -> None:
    for user in (staff(), own_account()):
        sent = form_of(manager, address(user))
        assert "is_superuser" not in sent
        manager.post(address(user), sent | {"is_superuser": "on", "user_permissions": ["1", "2"]})
        user.refresh_from_db()
        assert not user.is_superuser and not user.user_permissions.exists()
        sent = form_of(superuser, address(user)) | {"is_superuser": "on"}
        assert superuser.post(address(user), sent).status_code == 302
        user.refresh_from_db()
        assert user.is_superuser


def test_manager_cannot_change_a_superuser(manager: Client, superuser: Client) -> None:
    root = User.objects.get(email=ROOT)
    assert (
        manager.post(address(root), {"email": "taken@clinic.example", "is_active": "on"}).status_code == 403
    )
    root.refresh_from_db()
    assert root.email == ROOT


def test_nobody_sets_the_password_of_a_colleague(manager: Client, superuser: Client) -> None:
    user = staff()
    sent = dict.fromkeys(["password1", "password2"], "correct horse battery") | {"usable_password": "true"}
    for client in (manager, superuser):
        assert not [name for name in form_of(client, address(user)) if "password" in name]
        for owner in (user, User.objects.get(email=ROOT)):
            url = reverse("admin:auth_user_password_change", args=[owner.pk])
            assert client.get(url).status_code == 403
            assert client.post(url, sent).status_code == 403
        client.post(address(user), form_of(client, address(user)) | {"password": "x"})
    assert not any(owner.has_usable_password() for owner in User.objects.all())


def test_own_access_can_be_removed_by_a_colleague_only(manager: Client, superuser: Client) -> None:
    own, root = own_account(), User.objects.get(email=ROOT)
    other = signed_in(roles.MANAGER, email="other@clinic.example")
    complete = form_of(manager, address(own))
    before = services.access_state(own)
    cases = [(manager, own, complete, field) for field in ("is_active", "is_staff", "groups")]
    cases.append((superuser, root, form_of(superuser, address(root)), "is_superuser"))
    for client, user, form, field in cases:
        sent = {name: value for name, value in form.items() if name != field}
        (error,) = errors_in(client.post(address(user), sent))
        assert error.startswith("You cannot take this away from your own account."), field
    assert services.access_state(own) == before
    for _client, _user, form, field in cases[:3]:
        sent = {name: value for name, value in form.items() if name != field}
        assert other.post(address(own), sent).status_code == 302
        assert services.access_state(own) != before
        opened = form_of(other, address(own))["opened"]
        assert other.post(address(own), complete | {"opened": opened}).status_code == 302
    manager.force_login(own)
    both = [*complete["groups"], pk_of(roles.EDITOR)]
    assert manager.post(address(own), complete | {"groups": both}).status_code == 302
    assert set(own.groups.values_list("name", flat=True)) == {roles.EDITOR, roles.MANAGER}


def test_not_even_superusers_delete_accounts(superuser: Client) -> None:
    user = staff()
    delete = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    assert superuser.post(address(user, "delete"), {"post": "yes"}).status_code == 403
    superuser.post(reverse("admin:accounts_user_changelist"), delete)
    assert User.objects.filter(pk=user.pk).exists()


def test_roles_are_read_only(superuser: Client) -> None:
    group = Group.objects.get(name=roles.EDITOR)
    assert superuser.get(reverse("admin:auth_group_add")).status_code == 403
    assert superuser.get(address(group)).status_code == 200
    assert superuser.post(address(group), {"name": "Other"}).status_code == 403
    assert superuser.post(address(group, "delete"), {"post": "yes"}).status_code == 403


def test_links_of_today_work_for_every_role(db: None) -> None:
    an_overview()
    a_procedure()
    a_request()
    followed = 0
    for role in ("", *roles.ROLES):
        client = signed_in(role)
        links = {link["href"] for link in read(client.get("/staff/")).one("div", id="container").all("a")}
        for link in {link for link in links if link.startswith("/staff/")}:
            assert client.get(link, follow=True).status_code == 200, (role, link)
            followed += 1
    assert followed > 10
